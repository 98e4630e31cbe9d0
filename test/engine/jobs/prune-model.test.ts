import { join } from 'node:path';

import { writeNpy } from '../../../engine/data/npy';
import { analyze } from '../../../engine/jobs/analyze';
import { compress } from '../../../engine/jobs/compress';
import { quiet } from '../../../engine/jobs/job-context';
import { declare } from '../../../engine/onnx/extract';
import { loadModel, saveModel } from '../../../engine/onnx/model';
import { floats } from '../../../engine/tensor/tensor';
import { temporaryFolder } from '../../support/folder';
import { modelOf, randoms } from '../../support/graphs';
import { optimal, machinery, methodOf } from '../../support/method';

const folder = temporaryFolder();
const model = join(folder, 'model.onnx');
const images = join(folder, 'images.npy');
const labels = join(folder, 'labels.npy');
writeNpy(images, randoms([8, 2, 6, 6], 1));
writeNpy(labels, { type: 'int64', dims: [8], data: new BigInt64Array(8) });

/** conv → relu → conv → conv, the last two of one bias; `side` is an output that a fourth conv computes beside them. */
const graph = modelOf(
  ['x', ['batch', 2, 6, 6]],
  [
    { op: 'Conv', inputs: ['x', 'w1'], outputs: ['a'] },
    { op: 'Relu', inputs: ['a'], outputs: ['b'] },
    { op: 'Conv', inputs: ['b', 'w2', 'bias'], outputs: ['c'] },
    { op: 'Conv', inputs: ['c', 'w3', 'bias'], outputs: ['d'] },
    { op: 'Conv', inputs: ['x', 'w4'], outputs: ['e'] },
    { op: 'Relu', inputs: ['e'], outputs: ['side'] },
    { op: 'GlobalAveragePool', inputs: ['d'], outputs: ['f'] },
    { op: 'Flatten', inputs: ['f'], outputs: ['y'] },
  ],
  ['y'],
  {
    w1: randoms([4, 2, 3, 3], 2),
    w2: randoms([4, 4, 3, 3], 3),
    w3: randoms([4, 4, 1, 1], 4),
    w4: randoms([4, 2, 3, 3], 5),
    bias: floats([4]),
  },
);
graph.setInterface([graph.declaration('x')!], [declare('y', ['batch', 4]), declare('side')]);
saveModel(graph, model);
const data = { images, labels };

it('a refitted layer gets a bias of its own where it shares one', async () => {
  const out = join(folder, 'out.onnx');
  const technique = 'channel-pruning' as const;
  const scores = [{ layer: 'c', technique, scores: [{ ratio: 0.5, units: 2, score: 90, error: 0.1 }] }];
  const reconstruction = { samples: 8, patches: 10, seed: 0 };
  await compress(
    {
      model,
      method: methodOf(technique),
      selection: optimal,
      target: 0.8,
      scores,
      train: data,
      reconstruction,
      machinery,
      out,
    },
    quiet,
  );
  const pruned = loadModel(out);
  const [second, third] = ['c', 'd'].map((value) => pruned.producer(value)!);
  expect(third.input[2]).toBe('bias');
  expect(second.input[2]).not.toBe('bias');
  expect(pruned.constant('bias')).toEqual(floats([4]));
});

it('layers that the first output does not depend on cannot be judged and are left alone', async () => {
  const { layers } = await analyze({ model, data: [data], score: 'metric' });
  expect(layers.map(({ techniques }) => techniques.length > 0)).toEqual([true, true, true, false]);
});

it('refuses models whose first output is no score a class', async () => {
  const odd = join(folder, 'odd.onnx');
  const maps = graph.clone();
  maps.setInterface([graph.declaration('x')!], [declare('d', ['batch', 4, 4, 4])]);
  saveModel(maps, odd);
  await expect(analyze({ model: odd, data: [data] })).rejects.toThrow(/one score per class, \[N, K\]/);
});
