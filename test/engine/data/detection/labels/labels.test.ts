import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readCocoBoxes } from '../../../../../engine/data/detection/labels/coco-json';
import { boxesOfRows, boxRows, placed } from '../../../../../engine/data/detection/labels/source-boxes';
import { readYoloBoxes } from '../../../../../engine/data/detection/labels/yolo-text';
import { placementOf, type Transform, transformed } from '../../../../../engine/data/images/transform';
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
    expect(() => readCocoBoxes(write('broken.json', '{'))).toThrow(
      /broken\.json is not valid JSON at character 2/,
    );
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

  it('refuses a folder without a file for any of the images', () => {
    expect(() => readYoloBoxes(folder, ['night/a.jpg', 'night/b.jpg'])).toThrow(
      `${folder} has a text file for none of the 2 images, such as night/a.txt for night/a.jpg`,
    );
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
  const source = {
    image: 'a.jpg',
    width: 200,
    height: 100,
    boxes: labelledBoxes([[1, 100, 50, 200, 100, 0]]),
  };
  const shares = { ...source, width: 1, height: 1, boxes: labelledBoxes([[1, 0.5, 0.5, 1, 1, 0]]) };
  const cornersOf = (of: typeof source, transform: Transform) =>
    placed(of, placementOf(200, 100, transform)).corners;

  it('when it is stretched, letterboxed, or cropped', () => {
    for (const boxes of [source, shares]) {
      expect(cornersOf(boxes, { resize: [64, 64] })).toEqual([32, 32, 64, 64]);
      expect(cornersOf(boxes, { letterbox: 64 })).toEqual([32, 32, 64, 48]);
      expect(cornersOf(boxes, { resize: 64, crop: 64 })).toEqual([32, 32, 64, 64]);
    }
  });

  it('and cover the pixels that they covered', () => {
    // A white rectangle on black goes where its box goes.
    const image = { width: 40, height: 20, channels: 1, data: new Uint8Array(800) };
    for (let y = 4; y < 12; y++) image.data.fill(255, y * 40 + 10, y * 40 + 30);
    const box = { image: '', width: 40, height: 20, boxes: labelledBoxes([[0, 10, 4, 30, 12, 0]]) };
    for (const transform of [
      { letterbox: { size: 80, fill: 0 } },
      { resize: 60, crop: [60, 100] as const },
    ]) {
      const { data, shape } = transformed('a', image, transform);
      const [x1, y1, x2, y2] = Array.from(placed(box, placementOf(40, 20, transform)).corners);
      const [, , width] = shape;
      const wrong = Array.from(data).filter((value, at) => {
        const [x, y] = [(at % width) + 0.5, Math.floor(at / width) + 0.5];
        const depth = Math.min(x - x1, x2 - x, y - y1, y2 - y);
        return Math.abs(depth) > 3 && value !== (depth > 0 ? 255 : 0);
      });
      expect(wrong).toEqual([]);
    }
  });

  it('are cut at the edges, and left out beyond them', () => {
    const boxes = labelledBoxes([
      [0, -10, 10, 10, 20, 0],
      [1, 210, 10, 250, 20, 1],
    ]);
    expect(placed({ ...source, boxes }, placementOf(200, 100, {}))).toEqual(
      labelledBoxes([[0, 0, 10, 10, 20, 0]]),
    );
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
