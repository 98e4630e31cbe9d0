import { existsSync } from 'node:fs';
import { join, parse, relative } from 'node:path';

import { EngineError } from '../../../errors';
import { readRegularSync } from '../../../regular-file';
import type { LabelledBoxes } from '../boxes';
import { type BoxLabels, mostBoxes } from './source-boxes';

/** Largest file of an image's labels, 16 MiB. */
const largestFile = 2 ** 24;

/**
 * Reads boxes in YOLO's format: for `a/b.jpg` a file `a/b.txt` of lines `class x y width height` in shares of the image,
 * x and y being the centre; or `class x1 y1 x2 y2 x3 y3 …`, corners of a polygon, of which the bounding box is taken. An
 * image without a file has no boxes.
 * @param folder of the text files
 * @param images paths relative to the folder of images
 * @throws EngineError `InvalidData` that names the file and the line, or tells that no image has a file at all
 */
export function readYoloBoxes(folder: string, images: readonly string[]): BoxLabels {
  const files = images.map((image) => {
    const { dir, name } = parse(image);
    return join(folder, dir, `${name}.txt`);
  });
  if (files.length && !files.some((file) => existsSync(file)))
    throw new EngineError(
      'InvalidData',
      `${folder} has a text file for none of the ${files.length} images, such as ${relative(folder, files[0])} for ${images[0]}. Are these the labels of other images?`,
    );
  return {
    images: images.map((image, at) => ({ image, width: 1, height: 1, boxes: readFile(files[at]) })),
  };
}

function readFile(file: string): LabelledBoxes {
  const [corners, classes, crowds]: number[][] = [[], [], []];
  if (!existsSync(file)) return { corners, classes, crowds };
  const lines = textOf(file).split('\n');
  for (const [at, line] of lines.entries()) {
    const fields = line.trim().split(/\s+/);
    if (fields.length === 1 && !fields[0]) continue;
    const [kind, ...places] = fields.map(Number);
    const isPolygon = places.length >= 6 && places.length % 2 === 0;
    const valid =
      Number.isInteger(kind) &&
      kind >= 0 &&
      (places.length === 4 || isPolygon) &&
      places.every(Number.isFinite);
    if (!valid)
      throw new EngineError(
        'InvalidData',
        `${file}, line ${at + 1}: "${line.trim().slice(0, 80)}" is not a class number and x, y, width, height in shares of the image`,
      );
    if (places.some((value) => value > 2))
      throw new EngineError(
        'InvalidData',
        `${file}, line ${at + 1}: "${line.trim().slice(0, 80)}" is in pixels, but YOLO's format takes shares of the image: divide by its width and height`,
      );
    const box = isPolygon ? boundsOf(places) : fromCentre(places);
    if (box[2] <= box[0] || box[3] <= box[1]) continue;
    if (classes.length === mostBoxes)
      throw new EngineError('InvalidData', `${file} has more than ${mostBoxes} boxes`);
    corners.push(...box);
    classes.push(kind);
    crowds.push(0);
  }
  return { corners, classes, crowds };
}

function textOf(file: string): string {
  try {
    return readRegularSync(file, largestFile).toString();
  } catch (error) {
    throw new EngineError('InvalidData', `${file} can't be read: ${(error as Error).message}`);
  }
}

const fromCentre = ([x, y, width, height]: readonly number[]) => [
  x - width / 2,
  y - height / 2,
  x + width / 2,
  y + height / 2,
];

function boundsOf(places: readonly number[]): number[] {
  const [xs, ys] = [0, 1].map((axis) => places.filter((_, at) => at % 2 === axis));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}
