import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { evaluateModel } from '../engine/api/evaluate-model';
import { writeNpy } from '../engine/data/npy';
import { saveModel } from '../engine/onnx/model';
import { floats, int64s } from '../engine/tensor/tensor';
import { ProcessPool } from '../engine/pools/process-pool';
import { temporaryFolder } from './support/folder';
import { modelOf } from './support/graphs';
import { codeBlocks } from './support/markdown';
import { root } from './support/paths';

// docs/tasks.md: its metrics, on models that answer with what they are shown.
const folder = temporaryFolder();
const pool = new ProcessPool({ slots: 1 });
afterAll(() => pool.close());
for (const { code } of codeBlocks(readFileSync(join(root, 'docs', 'tasks.md'), 'utf8'), 'js'))
  writeFileSync(join(folder, /^\/\/ (\w+\.mjs)/.exec(code)![1]), code);

const judged = async (model: string, images: string, labels: string, module: string, name: string) =>
  pool.run('evaluate', {
    model: join(folder, model),
    data: { images: join(folder, images), labels: join(folder, labels) },
    metric: { module: join(folder, module), export: name },
    machinery: { threads: 1, provider: 'cpu', linearAlgebra: 'auto' },
  });

it('key-point similarity is 100 on the spot, and falls with the distance; hidden points do not count', async () => {
  const identity = floats([2, 2, 1, 1], [1, 0, 0, 1]);
  const conv = {
    op: 'Conv',
    inputs: ['maps', 'w'],
    outputs: ['heatmaps'],
    attributes: { kernel_shape: [1, 1] },
  };
  saveModel(
    modelOf(['maps', ['n', 2, 8, 8]], [conv], ['heatmaps', ['n', 2, 8, 8]], { w: identity }),
    join(folder, 'pose.onnx'),
  );
  const maps = floats([2, 2, 8, 8]);
  const peaks = [
    [3, 5],
    [7, 0],
    [1, 1],
    [2, 6],
  ];
  peaks.forEach(([x, y], at) => (maps.data[64 * at + 8 * y + x] = 1));
  writeNpy(join(folder, 'maps.npy'), maps);
  // The last point is two pixels off, the second is hidden.
  const points = [3, 5, 1, 0, 0, 0, 1, 1, 1, 4, 6, 1];
  writeNpy(join(folder, 'points.npy'), floats([2, 2, 3], points));
  const { value } = await judged('pose.onnx', 'maps.npy', 'points.npy', 'pose.mjs', 'keyPointSimilarity');
  const off = Math.exp(-4 / (2 * 64 * 0.1 ** 2));
  expect(value).toBeCloseTo((100 * (2 + off)) / 3, 4);
});

it('word accuracy merges repeated letters and drops blanks', async () => {
  const reshape = { op: 'Reshape', inputs: ['steps', 'shape'], outputs: ['logits'] };
  const scaled = { op: 'Mul', inputs: ['x', 'two'], outputs: ['steps'] };
  saveModel(
    modelOf(['x', ['n', 1, 5, 4]], [scaled, reshape], ['logits', ['n', 5, 4]], {
      two: floats([], [2]),
      shape: int64s([-1, 5, 4]),
    }),
    join(folder, 'words.onnx'),
  );
  const paths = [
    [1, 1, 0, 1, 2],
    [3, 0, 0, 2, 2],
    [0, 0, 0, 0, 1],
  ];
  const steps = floats([3, 1, 5, 4]);
  paths.flat().forEach((letter, at) => (steps.data[4 * at + letter] = 1));
  writeNpy(join(folder, 'steps.npy'), steps);
  const words = Int32Array.of(1, 1, 2, 3, 2, 0, 2, 0, 0);
  writeNpy(join(folder, 'words.npy'), { type: 'int32', dims: [3, 3], data: words });
  const { value } = await judged('words.onnx', 'steps.npy', 'words.npy', 'words.mjs', 'wordAccuracy');
  expect(value).toBeCloseTo(200 / 3, 6);
});

it('segmentation has a metric built in', async () => {
  const labels = Uint8Array.of(0, 1, 255, 1);
  writeNpy(join(folder, 'masks.npy'), { type: 'uint8', dims: [1, 2, 2], data: labels });
  writeNpy(join(folder, 'scores.npy'), floats([1, 2, 2, 2], [1, 0, 0, 0, 0, 1, 1, 1]));
  const identity = floats([2, 2, 1, 1], [1, 0, 0, 1]);
  const conv = { op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { kernel_shape: [1, 1] } };
  const file = join(folder, 'masks.onnx');
  saveModel(modelOf(['x', ['n', 2, 2, 2]], [conv], ['y', ['n', 2, 2, 2]], { w: identity }), file);
  const data = { images: join(folder, 'scores.npy'), labels: join(folder, 'masks.npy') };
  expect(await evaluateModel({ model: file, data, metric: 'mean-iou' })).toMatchObject({ value: 100 });
});
