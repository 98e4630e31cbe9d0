import { join } from 'node:path';

import { writeNpy } from '../../../engine/data/npy';
import type { DatasetSource } from '../../../engine/data/source';
import { analyze } from '../../../engine/jobs/analyze';
import type { Rehearsal } from '../../../engine/jobs/types';
import { declare } from '../../../engine/onnx/extract';
import type { Graph, NodeFields } from '../../../engine/onnx/graph';
import { saveModel } from '../../../engine/onnx/model';
import { floats, int64s, type Tensor } from '../../../engine/tensor/tensor';
import type { TrainingSettings } from '../../../engine/training/settings';
import { temporaryFolder } from '../../support/folder';
import { modelOf, randoms } from '../../support/graphs';

const folder = temporaryFolder();
const written = (name: string, tensor: Tensor): string => {
  writeNpy(join(folder, name), tensor);
  return join(folder, name);
};
const classes = (count: number, largest = 3): Tensor => ({
  type: 'int32',
  dims: [count],
  data: Int32Array.from({ length: count }, (_, at) => at % (largest + 1)),
});
const images = written('x.npy', randoms([12, 3, 8, 8], 1));
const labels = written('labels.npy', classes(12));

const conv: NodeFields = { op: 'Conv', name: 'conv', inputs: ['x', 'w'], outputs: ['c'] };
const pooled: NodeFields[] = [
  { op: 'GlobalAveragePool', inputs: ['c'], outputs: ['g'] },
  { op: 'Flatten', inputs: ['g'], outputs: ['f'] },
];
const fc: NodeFields = { op: 'Gemm', name: 'fc', inputs: ['f', 'fc.weight'], outputs: ['y'] };
const weights = { w: randoms([8, 3, 3, 3], 2), 'fc.weight': randoms([8, 4], 3) };
const of = (nodes: readonly NodeFields[], more: Record<string, Tensor> = {}, opset?: number): Graph =>
  modelOf(['x', ['batch', 3, 8, 8]], nodes, ['y'], { ...weights, ...more }, opset);

const settings: TrainingSettings = {
  epochs: 100,
  learningRate: 0.01,
  batch: 8,
  optimizer: 'sgd',
  momentum: 0.9,
  weightDecay: 0,
  schedule: 'constant',
  seed: 0,
};
const machinery = { threads: 1, provider: 'cpu', linearAlgebra: 'auto' } as const;
let count = 0;
const rehearsed = async (
  graph: Graph,
  { teacher, ...asked }: Partial<Omit<Rehearsal, 'machinery'>> & { readonly teacher?: Graph },
  data: DatasetSource = { images, labels },
) => {
  const model = join(folder, `model-${count++}.onnx`);
  saveModel(graph, model);
  const taught = join(folder, `teacher-${count}.onnx`);
  if (teacher) saveModel(teacher, taught);
  const rehearsal: Rehearsal = { machinery, runs: [data], ...asked };
  const tuned = rehearsal.fineTune && { ...rehearsal.fineTune, ...(teacher && { teacher: taught }) };
  return analyze({ model, rehearsal: { ...rehearsal, fineTune: tuned } });
};
const everything = (data: DatasetSource = { images, labels }): Partial<Rehearsal> => ({
  judged: { data: [data], metric: 'top1' },
  fineTune: { data, settings },
  latency: true,
});

it('finds nothing wrong with a plain classifier, and changes nothing', async () => {
  expect((await rehearsed(of([conv, ...pooled, fc]), everything())).notes).toEqual([]);
});

it.each<[string, () => Promise<unknown>, RegExp]>([
  [
    'a batch of 1 inside, behind work that mixes samples',
    () =>
      rehearsed(
        of(
          [
            conv,
            ...pooled,
            { op: 'Softmax', inputs: ['f'], outputs: ['s'], attributes: { axis: 0 } },
            { op: 'Reshape', name: 'view', inputs: ['s', 'to'], outputs: ['r'] },
            { ...fc, inputs: ['r', 'fc.weight'] },
          ],
          { to: int64s([1, 8]) },
        ),
        {},
      ),
    /runs on one sample, not on several, since node view \(Reshape\).*dynamic_axes=\{'x': \{0: 'batch'\}\}/,
  ],
  [
    'outputs that the metric can not read',
    () =>
      rehearsed(of([conv, { op: 'Relu', inputs: ['c'], outputs: ['y'] }]), {
        judged: { data: [{ images, labels }], metric: 'top1' },
      }),
    /first output is \[2, 8, 6, 6\], but metric top1 needs/,
  ],
  [
    'a label of no class, far after the first samples',
    () => {
      const wrong = written('wrong.npy', classes(12, 7));
      return rehearsed(of([conv, ...pooled, fc]), {
        fineTune: { data: { images, labels: wrong }, settings },
      });
    },
    /wrong\.npy holds label 4 \(row 4 of the split\)/,
  ],
  [
    'nothing left to train',
    () =>
      rehearsed(
        of(
          [conv, ...pooled, { op: 'Det', inputs: ['d'], outputs: ['y'] }].flatMap((node) =>
            node.op === 'Det'
              ? [
                  { op: 'Reshape', inputs: ['f', 'square'], outputs: ['d'] },
                  { op: 'Det', name: 'det', inputs: ['d'], outputs: ['e'] },
                  { op: 'Reshape', inputs: ['e', 'row'], outputs: ['y'] },
                ]
              : [node],
          ),
          { square: int64s([-1, 2, 4].map((n) => (n === 4 ? 2 : n))), row: int64s([-1, 2]) },
        ),
        everything(),
      ),
    /no parameters that can be trained.*Det/,
  ],
  [
    'a teacher of other classes',
    () =>
      rehearsed(of([conv, ...pooled, fc]), {
        fineTune: { data: { images }, settings: { ...settings, distillation: {} } },
        teacher: of([conv, ...pooled, fc], { 'fc.weight': randoms([8, 5], 4) }),
      }),
    /the student's y has shape \[batch, 4\], the teacher's y has shape \[batch, 5\]/,
  ],
  [
    'gradients that rank channels, through an operator without one',
    () =>
      rehearsed(
        of(
          [
            conv,
            { op: 'Relu', inputs: ['c'], outputs: ['r'] },
            { op: 'Conv', name: 'next', inputs: ['r', 'v'], outputs: ['d'] },
            { op: 'CumSum', name: 'sum', inputs: ['d', 'two'], outputs: ['s'] },
            { op: 'GlobalAveragePool', inputs: ['s'], outputs: ['g'] },
            { op: 'Flatten', inputs: ['g'], outputs: ['f'] },
            fc,
          ],
          { v: randoms([8, 8, 3, 3], 5), two: int64s([2]) },
        ),
        { gradients: true },
      ),
    /sum \(CumSum\).*no gradient/,
  ],
  [
    'an input that nothing is fed to',
    () => {
      const graph = of([conv, ...pooled, fc, { op: 'Add', inputs: ['y', 'h'], outputs: ['z'] }]);
      graph.setInterface(
        [declare('x', ['batch', 3, 8, 8]), declare('h', ['batch', 4])],
        [declare('z', ['batch', 4])],
      );
      return rehearsed(graph, {});
    },
    /nothing to h: name a \.npy file for it under `inputs`/,
  ],
])('refuses %s before anything long begins, in a sentence', async (_, run, message) => {
  const error = await run().then(
    () => new Error('nothing was refused'),
    (thrown: Error) => thrown,
  );
  expect(error).toMatchObject({ name: 'EngineError', message: expect.stringMatching(message) as string });
  expect(error.message).not.toMatch(/ONNX Runtime|status code/);
});

it('says that scores mean nothing if outputs stay the same whatever the weights', async () => {
  const dead = of(
    [
      conv,
      ...pooled,
      { ...fc, inputs: ['f', 'fc.weight', 'low'], outputs: ['q'] },
      { op: 'Relu', inputs: ['q'], outputs: ['y'] },
    ],
    { low: floats([4], [-1e3, -1e3, -1e3, -1e3]) },
  );
  expect((await rehearsed(dead, {})).notes).toEqual([
    expect.stringMatching(
      /stay the same when all weights change \(they are all 0\): scores of layers mean nothing/,
    ),
  ]);
});

it('uses a batch that can not be opened as it is, in training too', async () => {
  const mixing = modelOf(
    ['x', [2, 3, 8, 8]],
    [
      conv,
      ...pooled,
      { ...fc, outputs: ['q'] },
      { op: 'Softmax', inputs: ['q'], outputs: ['y'], attributes: { axis: 0 } },
    ],
    ['y', [2, 4]],
    weights,
  );
  expect((await rehearsed(mixing, everything())).notes).toEqual([]);
  const odd = { images, labels, range: [0, 11] } as const;
  await expect(rehearsed(mixing, { fineTune: { data: odd, settings } })).rejects.toThrow(
    /takes batches of exactly 2.*11 training samples/,
  );
});
