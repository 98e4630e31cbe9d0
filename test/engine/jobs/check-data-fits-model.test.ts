import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { MetricName } from '../../../engine/names';
import { writeNpy } from '../../../engine/data/npy';
import { analyze } from '../../../engine/jobs/analyze';
import { checkFit } from '../../../engine/jobs/check-data-fits-model';
import { floats, type Tensor } from '../../../engine/tensor/tensor';
import { modelOf } from '../../support/graphs';
import { type TargetKind, targetsJob } from '../../support/targets';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-fit-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Analyzes the model of a job with its data, its labels others where they are given. */
async function fit(
  kind: TargetKind,
  metric: MetricName,
  { labels, unknown }: { labels?: Tensor; unknown?: number | 'nan' } = {},
): Promise<void> {
  const own = mkdtempSync(join(folder, 'job-'));
  targetsJob(own, kind);
  const data = {
    images: join(own, 'images.npy'),
    labels: join(own, 'labels.npy'),
    unknown,
    range: [5, 300] as const,
  };
  if (labels) writeNpy(data.labels, labels);
  await analyze({ model: join(own, 'model.onnx'), data: [data], metric });
}

const numbers = (dims: number[], changes: Readonly<Record<number, number>> = {}): Tensor =>
  floats(dims, Object.assign(floats(dims).data, changes));

it.each<[TargetKind, MetricName, Parameters<typeof fit>[2]]>([
  ['numbers', 'r2', {}],
  ['numbers', 'mae-score', { labels: { type: 'int16', dims: [300, 2], data: new Int16Array(600).fill(-3) } }],
  ['numbers', 'rmse-score', { labels: numbers([300, 1, 2], { 40: NaN }), unknown: 'nan' }],
  ['maps', 'rmse-score', {}],
  ['maps', 'r2', { labels: numbers([300, 8, 8]) }],
  [
    'maps',
    'f1-micro',
    { labels: { type: 'bool', dims: [300, 8, 8], data: new Uint8Array(300 * 64).fill(1, 9, 99) } },
  ],
  ['yes or no', 'mean-average-precision', {}],
  ['yes or no', 'f1-micro', { labels: numbers([300, 3], { 40: -1, 41: 0.5 }), unknown: -1 }],
  ['yes or no', 'top1', { labels: { type: 'uint8', dims: [300], data: new Uint8Array(300).fill(2) } }],
])('%s: labels that %s can judge by are taken', async (kind, metric, changes) => {
  await expect(fit(kind, metric, changes)).resolves.toBeUndefined();
});

it.each<[TargetKind, MetricName, Parameters<typeof fit>[2], RegExp]>([
  [
    'numbers',
    'r2',
    { labels: numbers([300, 2], { 421: NaN }) },
    /^label NaN at row 210 of .*labels\.npy is not a finite 32-bit number: save a number, leave out that sample, or set `unknown: nan` for the split$/,
  ],
  [
    'numbers',
    'mae-score',
    { labels: numbers([300, 2], { 421: Infinity }), unknown: 0 },
    /^label Infinity at row 210/,
  ],
  [
    'numbers',
    'r2',
    { labels: { type: 'float64', dims: [300, 2], data: new Float64Array(600).fill(1e300) } },
    /^label Infinity at row 5 of/,
  ],
  [
    'numbers',
    'r2',
    { labels: numbers([300, 3]) },
    /^.*labels\.npy has shape \[N, 3\], but metric r2 compares .* is \[batch, 2\]: save labels of that shape$/,
  ],
  [
    'numbers',
    'r2',
    { labels: numbers([299, 2]) },
    /^.*labels\.npy has shape \[299, 2\]; with one label per image it must be \[300\], with several \[300, …\]$/,
  ],
  [
    'yes or no',
    'f1-micro',
    { labels: numbers([300, 3], { 30: 2 }) },
    /^label 2 at row 10 of .*labels\.npy is not between 0 and 1, .* save 1 for each class that a sample has, 0 for the others$/,
  ],
  [
    'yes or no',
    'f1-micro',
    { labels: numbers([300, 3], { 30: NaN }) },
    /^label NaN at row 10 of .* is not between 0 and 1/,
  ],
  [
    'numbers',
    'top1',
    { labels: numbers([300]) },
    /^.*labels\.npy holds floats, but metric top1 needs class numbers: save them as integers, or choose/,
  ],
  [
    'numbers',
    'top1',
    { labels: { type: 'int32', dims: [300], data: new Int32Array(300) }, unknown: 0 },
    /^the split of .*labels\.npy sets `unknown`, but metric top1 needs class numbers: remove `unknown`, and set fineTune\.ignoreLabel to its label$/,
  ],
  [
    'numbers',
    'top1',
    { labels: { type: 'int32', dims: [300, 4], data: new Int32Array(1200) } },
    /^.*labels\.npy has shape \[N, 4\], but metric top1 needs one class per sample, \[N\]$/,
  ],
  [
    'maps',
    'pixel-accuracy',
    { labels: { type: 'int32', dims: [300], data: new Int32Array(300) } },
    /^.*labels\.npy has shape \[N\], but metric pixel-accuracy needs a class for each of the 64 pixels that .*model\.onnx scores$/,
  ],
  [
    'maps',
    'mean-average-precision',
    {},
    /^the first output of model .* is \[batch, 1, 8, 8\], but metric mean-average-precision needs one score per class, \[N, K\]$/,
  ],
])('%s: labels that %s can not judge by are told: case %#', async (kind, metric, changes, message) => {
  await expect(fit(kind, metric, changes)).rejects.toMatchObject({
    message: expect.stringMatching(message) as string,
  });
});

it('says what is wrong with a label of a model whose number of classes is open', () => {
  const model = modelOf(
    ['x', ['batch', 'classes']],
    [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }],
    ['y', ['batch', 'classes']],
    {},
  );
  const data = { images: join(folder, 'open-x.npy'), labels: join(folder, 'open-y.npy') };
  writeNpy(data.images, floats([3, 4]));
  writeNpy(data.labels, { type: 'int32', dims: [3], data: Int32Array.of(0, 9, -1) });
  expect(() => checkFit(model, 'open.onnx', data, 'top1')).toThrow(
    /^label -1 at row 2 of .*open-y\.npy is out of range: classes start at 0$/,
  );
});
