import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readCocoBoxes } from '../../../../../engine/data/detection/labels/coco-json';
import {
  boxesOfRows,
  boxRows,
  letterboxed,
  placed,
  stretched,
} from '../../../../../engine/data/detection/labels/source-boxes';
import { readYoloBoxes } from '../../../../../engine/data/detection/labels/yolo-text';
import { labelledBoxes } from '../goldens';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const coco = {
  images: [
    { id: 7, file_name: 'a.jpg', width: 100, height: 50 },
    { id: 3, file_name: 'b.jpg', width: 80, height: 80 },
  ],
  annotations: [
    { image_id: 3, category_id: 18, bbox: [10, 20, 30, 40], iscrowd: 1 },
    { image_id: 3, category_id: 1, bbox: [0, 0, 8, 8.5] },
    { image_id: 3, category_id: 1, bbox: [5, 5, 0, 8] },
  ],
  categories: [
    { id: 18, name: 'dog' },
    { id: 1, name: 'person' },
  ],
};

describe('COCO’s format', () => {
  const read = (changes: object) =>
    readCocoBoxes(write('instances.json', JSON.stringify({ ...coco, ...changes })));

  it('numbers classes by the ids of categories, and images as they come', () => {
    expect(read({})).toEqual({
      classes: ['person', 'dog'],
      images: [
        { image: 'a.jpg', width: 100, height: 50, boxes: labelledBoxes([]) },
        {
          image: 'b.jpg',
          width: 80,
          height: 80,
          boxes: labelledBoxes([
            [1, 10, 20, 40, 60, 1],
            [0, 0, 0, 8, 8.5, 0],
          ]),
        },
      ],
    });
  });

  it.each<[string, object, string]>([
    [
      'an annotation of an unknown image',
      { annotations: [{ ...coco.annotations[0], image_id: 5 }] },
      'annotations[0] belongs to image 5, which is not among the images',
    ],
    [
      'an annotation of an unknown category',
      { annotations: [{ ...coco.annotations[0], category_id: 2 }] },
      'annotations[0] is of category 2, which is not among the categories',
    ],
    [
      'a box of three numbers',
      { annotations: [coco.annotations[0], { ...coco.annotations[1], bbox: [1, 2, 3] }] },
      'annotations[1].bbox',
    ],
    ['an image without a size', { images: [{ id: 1, file_name: 'a.jpg' }] }, 'images[0].width'],
    ['two images of one id', { images: [coco.images[0], coco.images[0]] }, 'two images have the same id'],
    ['no list of categories', { categories: undefined }, 'the file.categories'],
  ])('refuses %s', (_, changes, message) => {
    expect(() => read(changes)).toThrow(message);
  });

  it('refuses what is no JSON', () => {
    expect(() => readCocoBoxes(write('broken.json', '{'))).toThrow(/broken\.json can't be read as JSON/);
    expect(() => readCocoBoxes(folder)).toThrow('folder');
  });
});

describe('YOLO’s format', () => {
  it('reads boxes and polygons, in shares of the image', () => {
    mkdirSync(join(folder, 'day'), { recursive: true });
    write(join('day', 'one.txt'), '2 0.5 0.5 0.25 0.5\n\n0 0.125 0.25 0.5 0.25 0.25 0.75\n');
    expect(readYoloBoxes(folder, ['day/one.jpg', 'day/two.jpg'])).toEqual({
      images: [
        {
          image: 'day/one.jpg',
          width: 1,
          height: 1,
          boxes: labelledBoxes([
            [2, 0.375, 0.25, 0.625, 0.75, 0],
            [0, 0.125, 0.25, 0.5, 0.75, 0],
          ]),
        },
        { image: 'day/two.jpg', width: 1, height: 1, boxes: labelledBoxes([]) },
      ],
    });
  });

  it.each([
    ['0 0.5 0.5 0.25', 'is not a class number and x, y, width, height'],
    ['cat 0.5 0.5 0.25 0.5', 'is not a class number'],
    ['0 50 60 20 30', 'is in pixels, but YOLO’s format takes shares'.replace('’', "'")],
  ])('refuses %s, naming file and line', (line, message) => {
    const file = write('bad.txt', `0 0.5 0.5 0.5 0.5\n${line}\n`);
    expect(() => readYoloBoxes(folder, ['bad.jpg'])).toThrow(`${file}, line 2`);
    expect(() => readYoloBoxes(folder, ['bad.jpg'])).toThrow(message);
  });
});

describe('boxes move with their image', () => {
  const [real, to] = [
    { width: 200, height: 100 },
    { width: 64, height: 64 },
  ];
  const boxes = labelledBoxes([[1, 100, 50, 200, 100, 0]]);

  it('when it is stretched', () => {
    expect(placed(boxes, stretched(real, to), to).corners).toEqual([32, 32, 64, 64]);
  });

  it('when it is letterboxed, in the middle or to a corner, in pixels or shares', () => {
    expect(placed(boxes, letterboxed(real, to), to).corners).toEqual([32, 32, 64, 48]);
    expect(placed(boxes, letterboxed(real, to, { corner: true }), to).corners).toEqual([32, 16, 64, 32]);
    const shares = labelledBoxes([[1, 0.5, 0.5, 1, 1, 0]]);
    const from = { width: 1, height: 1 };
    expect(placed(shares, letterboxed(real, to, { from }), to).corners).toEqual([32, 32, 64, 48]);
  });

  it('is cut at the edges, and left out beyond them', () => {
    const moved = placed(
      labelledBoxes([
        [0, -10, 10, 10, 20, 0],
        [1, 70, 10, 90, 20, 1],
      ]),
      stretched(to, to),
      to,
    );
    expect(moved).toEqual(labelledBoxes([[0, 0, 10, 10, 20, 0]]));
  });
});

it('rows hold what boxes were, whatever their number', () => {
  const images = [
    labelledBoxes([]),
    labelledBoxes([
      [1, 2, 3, 4.5, 5, 1],
      [0, 1, 1, 2, 2, 0],
    ]),
  ];
  const { dims, data } = boxRows(images);
  expect(dims).toEqual([2, 2, 6]);
  images.forEach((boxes, n) =>
    expect(boxesOfRows((data as Float32Array).subarray(12 * n, 12 * n + 12))).toEqual(boxes),
  );
});

it('refuses rows that are no boxes', () => {
  expect(() => boxesOfRows([1, 5, 5, 2, 8, 0])).toThrow(
    'labels have the row [1, 5, 5, 2, 8, 0], which is no box',
  );
});
