import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';

import { Dataset } from '../../../../engine/data/dataset';
import { boxRows, placed } from '../../../../engine/data/detection/labels/source-boxes';
import { placementOf } from '../../../../engine/data/images/transform';
import { packData } from '../../../../engine/data/sources/pack-data';
import { temporaryFolder } from '../../../support/folder';

const folder = temporaryFolder();
const photos = join(folder, 'photos');
const transform = { letterbox: 32 };

/** Images of different sizes, and their boxes: x, y, width, height in pixels, and the class. */
const shown = [
  {
    image: 'a/wide.png',
    width: 64,
    height: 32,
    boxes: [
      [10, 8, 20, 16, 1],
      [0, 0, 64, 32, 0],
    ],
  },
  { image: 'b/tall.png', width: 16, height: 48, boxes: [] },
] as const;

beforeAll(async () => {
  process.env.SLIMFLOW_CACHE = join(folder, 'cache');
  for (const name of ['a', 'b']) mkdirSync(join(photos, name), { recursive: true });
  for (const { image, width, height } of shown)
    await sharp({ create: { width, height, channels: 3, background: '#a52' } })
      .png()
      .toFile(join(photos, image));
});
afterAll(() => {
  delete process.env.SLIMFLOW_CACHE;
});

/** COCO's file, with an id for each image and category that is not its number. */
function coco(change: (file: { images: { file_name: string }[] }) => void = () => undefined): string {
  const images = shown.map(({ image, width, height }, at) => ({
    id: 7 * at + 3,
    file_name: image,
    width,
    height,
  }));
  const annotations = shown.flatMap(({ boxes }, at) =>
    boxes.map(([x, y, width, height, kind]) => ({
      image_id: 7 * at + 3,
      category_id: [5, 9][kind],
      bbox: [x, y, width, height],
    })),
  );
  const categories = [
    { id: 9, name: 'dog' },
    { id: 5, name: 'cat' },
  ];
  const file = { images, annotations, categories };
  change(file);
  const path = join(folder, 'instances.json');
  writeFileSync(path, JSON.stringify(file));
  return path;
}

/** YOLO's text files: none for an image without boxes. */
function yolo(): string {
  const labels = join(folder, 'labels');
  for (const { image, width, height, boxes } of shown) {
    const file = join(labels, image.replace('.png', '.txt'));
    mkdirSync(join(file, '..'), { recursive: true });
    const lines = boxes.map(([x, y, w, h, kind]) =>
      [kind, (x + w / 2) / width, (y + h / 2) / height, w / width, h / height].join(' '),
    );
    if (lines.length) writeFileSync(file, `${lines.join('\n')}\n`);
  }
  return labels;
}

/** The labels that the engine reads, [N, M, 6]. */
async function rowsOf(labels: string): Promise<{ rows: number[]; shape: readonly number[] }> {
  const { evaluate } = await packData({ evaluate: { images: photos, labels, transform } });
  const data = Dataset.open(evaluate);
  try {
    expect(data.shape).toEqual([3, 32, 32]);
    return { rows: Array.from(data.slice(0, data.length).labels), shape: data.labelShape };
  } finally {
    data.close();
  }
}

const expected = boxRows(
  shown.map(({ image, width, height, boxes }) =>
    placed(
      {
        image,
        width,
        height,
        boxes: {
          corners: boxes.flatMap(([x, y, w, h]) => [x, y, x + w, y + h]),
          classes: boxes.map(([, , , , kind]) => kind),
          crowds: boxes.map(() => 0),
        },
      },
      placementOf(width, height, transform),
    ),
  ),
);

it('boxes of COCO’s JSON go where the transform puts their pixels, in the file’s order', async () => {
  const { rows, shape } = await rowsOf(coco());
  expect(shape).toEqual([2, 6]);
  expect(rows).toEqual(Array.from(expected.data, Number));
});

it('boxes of YOLO’s text files are the same', async () => {
  const { rows } = await rowsOf(yolo());
  rows.forEach((value, at) => expect(value).toBeCloseTo(Number(expected.data[at]), 4));
});

it('changed labels are other data', async () => {
  const before = await rowsOf(coco());
  const after = await rowsOf(coco((file) => void file.images.reverse()));
  expect(after.rows).not.toEqual(before.rows);
});

it.each([
  [
    'images that are not there',
    'gone.png',
    /has boxes of 1 of 2 images that .*photos does not have: gone\.png/,
  ],
  ['names that lead elsewhere', '../instances.json', /names \.\.\/instances\.json, which is not in .*photos/],
])('labels with %s are refused', async (_what, name, message) => {
  const labels = coco((file) => void (file.images[1].file_name = name));
  await expect(packData({ evaluate: { images: photos, labels, transform } })).rejects.toThrow(message);
});
