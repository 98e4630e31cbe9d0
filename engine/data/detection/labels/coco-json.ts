import { z } from 'zod';

import { EngineError } from '../../../errors';
import { readRegularSync } from '../../../regular-file';
import { type BoxLabels, mostBoxes } from './source-boxes';

const id = z.number().int();
const positive = z.number().positive();

const Image = z.object({ id, file_name: z.string().min(1), width: positive, height: positive });
const Annotation = z.object({
  image_id: id,
  category_id: id,
  /** x, y, width, height in pixels. */
  bbox: z.tuple([z.number(), z.number(), z.number().nonnegative(), z.number().nonnegative()]),
  iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()]).optional(),
});
const Category = z.object({ id, name: z.string() });
const Instances = z.object({
  images: z.array(z.unknown()),
  annotations: z.array(z.unknown()),
  categories: z.array(z.unknown()),
});

/** Largest file that is read, 1 GiB; COCO's own training set has 0.45. */
const largestFile = 2 ** 30;

/**
 * Reads boxes in COCO's format (`instances_*.json`). Classes are numbered from 0 in the order of the categories' ids, as
 * tools for COCO do. Images are in the file's order; those without annotations have no boxes.
 * @throws EngineError `InvalidData` that names the file and the entry
 */
export function readCocoBoxes(file: string): BoxLabels {
  const parsed = parseJson(file);
  const lists = checked(Instances, parsed, file, 'the file');
  const categories = lists.categories
    .map((entry, at) => checked(Category, entry, file, `categories[${at}]`))
    .sort((a, b) => a.id - b.id);
  const kindOf = new Map(categories.map((category, at) => [category.id, at]));
  const images = lists.images.map((entry, at) => checked(Image, entry, file, `images[${at}]`));
  const boxesOf = new Map(
    images.map((image) => [
      image.id,
      { corners: [] as number[], classes: [] as number[], crowds: [] as number[] },
    ]),
  );
  if (boxesOf.size !== images.length) throw wrong(file, 'two images have the same id');
  for (const [at, entry] of lists.annotations.entries()) {
    const where = `annotations[${at}]`;
    const { image_id, category_id, bbox, iscrowd } = checked(Annotation, entry, file, where);
    const own = boxesOf.get(image_id);
    const kind = kindOf.get(category_id);
    if (!own) throw wrong(file, `${where} belongs to image ${image_id}, which is not among the images`);
    if (kind === undefined)
      throw wrong(file, `${where} is of category ${category_id}, which is not among the categories`);
    const [x, y, width, height] = bbox;
    // A box without an area can't be found.
    if (!width || !height) continue;
    if (own.classes.length === mostBoxes)
      throw wrong(file, `image ${image_id} has more than ${mostBoxes} boxes`);
    own.corners.push(x, y, x + width, y + height);
    own.classes.push(kind);
    own.crowds.push(Number(iscrowd ?? 0));
  }
  return {
    images: images.map(({ id, file_name: image, width, height }) => ({
      image,
      width,
      height,
      boxes: boxesOf.get(id)!,
    })),
    classes: categories.map(({ name }) => name),
  };
}

const wrong = (file: string, why: string) => new EngineError('InvalidData', `${file}: ${why}`);

function parseJson(file: string): unknown {
  try {
    return JSON.parse(readRegularSync(file, largestFile).toString());
  } catch (error) {
    throw new EngineError('InvalidData', `${file} can't be read as JSON: ${(error as Error).message}`);
  }
}

function checked<Type>(schema: z.ZodType<Type>, value: unknown, file: string, where: string): Type {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [{ path, message }] = error.issues;
  throw wrong(file, `${[where, ...path].join('.')} is not as in COCO's format: ${message}`);
}
