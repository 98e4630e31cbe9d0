import { join } from 'node:path';

import { compressModel } from '../../../engine/api/compress-model';
import { evaluateModel } from '../../../engine/api/evaluate-model';
import { inspectModel } from '../../../engine/api/inspect-model';
import { detect } from '../../../engine/data/detection/decoders';
import { boxRows } from '../../../engine/data/detection/labels/source-boxes';
import { writeNpy } from '../../../engine/data/npy';
import { saveModel } from '../../../engine/onnx/model';
import { JobPool } from '../../../engine/pools/thread-pool';
import { floats } from '../../../engine/tensor/tensor';
import { randoms } from '../../support/graphs';
import { temporaryFolder } from '../../support/folder';
import { yolo } from '../../support/yolo';
import { runPlain } from '../../zoo/models';

const folder = temporaryFolder();
const file = (name: string) => join(folder, name);
const [images, classes, side] = [6, 3, 64];
/** With so few boxes kept, what the model finds and what is labelled are the same. */
const metric = { name: 'coco-map', decoder: 'yolov8', classes, maxDetections: 3 } as const;
const graph = yolo({ version: 'v8', classes, side, width: 0.0625 });
const model = file('model.onnx');
const data = { images: file('images.npy'), labels: file('boxes.npy') };
const x = randoms([images, 3, side, side], 1);

beforeAll(async () => {
  saveModel(graph, model);
  writeNpy(data.images, x);
  const found = detect(await runPlain(graph, x), metric, { height: side, width: side, size: images });
  writeNpy(data.labels, boxRows(found.map((boxes) => ({ ...boxes, crowds: [0, 0, 0] }))));
});

const pool = new JobPool({ slots: 1 });
afterAll(() => pool.close());

it('a model that finds what is labelled has 100 points, in each class', async () => {
  const { value, metric: name, details } = await evaluateModel({ model, data, metric }, { pool });
  expect([name, value]).toEqual(['coco-map', 100]);
  const { mAP50, classes: each } = details as { mAP50: number; classes: { AP50: number }[] };
  expect(mAP50).toBe(100);
  expect(each.every(({ AP50 }) => AP50 === 100)).toBe(true);
});

it('layers are scored by it', async () => {
  const report = await compressModel(
    {
      model,
      technique: 'spatial-svd',
      target: 0.9,
      out: file('small.onnx'),
      data: { train: { images: data.images }, evaluate: data },
      score: 'metric',
      metric,
      candidates: [0.5],
      samples: 2,
      reconstruction: { samples: 2, patches: 5 },
    },
    { pool },
  );
  expect(report.achieved).toBeLessThanOrEqual(0.91);
});

it.each<[string, () => readonly [labels: ReturnType<typeof floats>, message: string]]>([
  ['no boxes', () => [floats([images, 4]), 'has shape [N, 4], but metric coco-map needs boxes, [N, M, 6]']],
  [
    'a class that the model does not have',
    () => [
      floats([images, 1, 6], Array.from({ length: images }, () => [3, 1, 1, 5, 5, 0]).flat()),
      'has a box of class 3, but metric.classes is 3',
    ],
  ],
  [
    'corners in the wrong order',
    () => [
      floats([images, 1, 6], Array.from({ length: images }, () => [1, 5, 5, 1, 1, 0]).flat()),
      'row 0 of the split of',
    ],
  ],
])('refuses labels that are %s', async (_, make) => {
  const [labels, message] = make();
  const path = file('wrong.npy');
  writeNpy(path, labels);
  await expect(inspectModel(model, { data: [{ ...data, labels: path }], metric })).rejects.toThrow(message);
});
