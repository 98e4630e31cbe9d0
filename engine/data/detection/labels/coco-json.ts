import { z } from 'zod';

import { EngineError } from '../../../errors';
import { readRegularSync } from '../../../regular-file';
import { parsedJson, unreadable } from '../../sources/unreadable';
import { type BoxLabels, mostBoxes } from './source-boxes';

const id = z.int('must be a whole number');
const number = z.number('must be a number');
const positive = number.positive('must be above 0');
const side = number.nonnegative('must not be negative');
const text = z.string('must be a text');
const list = z.array(z.unknown(), 'must be a list');

const Image = z.object({
  id,
  file_name: text.min(1, 'must not be empty'),
  width: positive,
  height: positive,
});
const Annotation = z.object({
  image_id: id,
  category_id: id,
  /** x, y, width, height in pixels. */
  bbox: z.tuple([number, number, side, side], 'must be a list of four numbers'),
  iscrowd: z.union([z.literal(0), z.literal(1), z.boolean()], 'must be 0 or 1').optional(),
});
const Category = z.object({ id, name: text });
const Instances = z.object({
  images: list,
  annotations: list,
  categories: list,
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
  let text: string;
  try {
    text = readRegularSync(file, largestFile).toString();
  } catch (error) {
    throw unreadable(file, error);
  }
  return parsedJson(file, text);
}

function checked<Type>(schema: z.ZodType<Type>, value: unknown, file: string, where: string): Type {
  const { success, data, error } = schema.safeParse(value);
  if (success) return data;
  const [{ path, code, message }] = error.issues;
  // A value that is no object has no fields to name.
  const why = code === 'invalid_type' && !path.length ? 'must be an object' : message;
  throw wrong(file, `${[where, ...path].join('.')} ${why}, as COCO's format has it`);
}
