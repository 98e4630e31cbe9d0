import { join } from 'node:path';

import { quiet } from '../../../../engine/jobs/job-context';
import { fineTuneJob } from '../../../../engine/jobs/fine-tune';
import type { FineTuneInput } from '../../../../engine/jobs/types';
import type { NodeFields } from '../../../../engine/onnx/graph';
import { loadModel, saveModel } from '../../../../engine/onnx/model';
import { floats } from '../../../../engine/tensor/tensor';
import { temporaryFolder } from '../../../support/folder';
import { distance } from '../../../support/graphs';
import { crossEntropy, lossConstants as constants, lossOf } from '../../../support/loss-graphs';
import { smallNetwork, smallSettings, writeSmall } from '../small';

const folder = temporaryFolder();
const model = join(folder, 'small.onnx');
saveModel(smallNetwork(true), model);
const data = { ...writeSmall(folder), range: [0, 60] } as const;

let runs = 0;
async function trained(settings: Partial<FineTuneInput['settings']>, more: Partial<FineTuneInput> = {}) {
  const out = join(folder, `out-${runs}.onnx`);
  const told = await fineTuneJob(
    {
      model,
      data,
      settings: { ...smallSettings, ...settings },
      threads: 1,
      checkpoints: join(folder, `checkpoints-${runs++}`),
      checkpointSeconds: 3600,
      out,
      ...more,
    },
    quiet,
  );
  return { ...told, graph: loadModel(out) };
}

describe('a loss that is a graph', () => {
  it('trains as the same loss of the table does', async () => {
    const own = await trained({ lossGraph: lossOf(crossEntropy, constants) });
    const ours = await trained({});
    own.losses.forEach((loss, at) => expect(loss).toBeCloseTo(ours.losses[at], 4));
    for (const name of ['c1.weight', 'fc.weight'])
      expect(distance(own.graph.constant(name)!, ours.graph.constant(name)!)).toBeLessThan(1e-3);
    expect(own.losses.at(-1)).toBeLessThan(own.losses[0] / 2);
  });

  it('has its axes in Constant nodes, as torch.onnx exports them', async () => {
    const axis: NodeFields = {
      op: 'Constant',
      inputs: [],
      outputs: ['axis'],
      attributes: { value_ints: [1] },
    };
    const { axis: _axis, ...others } = constants;
    const exported = await trained({ lossGraph: lossOf([axis, ...crossEntropy], others), epochs: 1 });
    const ours = await trained({ epochs: 1 });
    expect(exported.losses[0]).toBeCloseTo(ours.losses[0], 4);
  });

  it('goes in micro-batches, in the blocked layout or without, and beside a teacher', async () => {
    const lossGraph = lossOf(crossEntropy, constants);
    const whole = await trained({ lossGraph, epochs: 1 });
    const pieces = await trained({ lossGraph, epochs: 1, microBatch: 6, batchNorm: 'frozen' });
    expect(Number.isFinite(pieces.losses[0])).toBe(true);
    const taught = await trained({ lossGraph, epochs: 1, distillation: { weight: 0.5 } }, { teacher: model });
    expect(taught.losses[0]).toBeGreaterThan(0);
    expect(taught.losses[0]).toBeLessThan(whole.losses[0]);
  });

  it('may read no labels', async () => {
    const energy: NodeFields[] = [
      { op: 'Mul', inputs: ['y', 'y'], outputs: ['squares'] },
      { op: 'ReduceMean', inputs: ['squares'], outputs: ['loss'], attributes: { keepdims: 0 } },
    ];
    const { losses } = await trained(
      { lossGraph: lossOf(energy, {}, { inputs: [] }) },
      { data: { images: data.images, range: [0, 60] } },
    );
    expect(losses.at(-1)).toBeLessThan(losses[0]);
  });

  it.each([
    [
      'an input that the model has not',
      () => lossOf([{ op: 'Neg', inputs: ['z'], outputs: ['loss'] }], {}, { inputs: [['z', [], 'float32']] }),
      /input z, which is no output of the model \(y\)/,
    ],
    ['another opset', () => lossOf(crossEntropy, constants, { opset: 17 }), /has opset 17, the model 18/],
    [
      'no scalar',
      () => lossOf([{ op: 'Neg', inputs: ['y'], outputs: ['loss'] }], {}, { inputs: [] }),
      /must end in a scalar/,
    ],
    ['what is no model', () => Buffer.from('no model').toString('base64'), /of the loss/],
  ])('is refused for %s', async (_why, lossGraph, message) => {
    await expect(trained({ lossGraph: lossGraph() })).rejects.toMatchObject({
      name: 'EngineError',
      message: expect.stringMatching(message) as string,
    });
  });

  it('names an operator that has no gradient', async () => {
    const nodes: NodeFields[] = [
      { op: 'Erf', inputs: ['y'], outputs: ['e'] },
      { op: 'CumSum', inputs: ['e', 'one'], outputs: ['sums'] },
      { op: 'Mod', inputs: ['sums', 'two'], outputs: ['rest'], attributes: { fmod: 1 } },
      { op: 'ReduceMean', inputs: ['rest'], outputs: ['loss'], attributes: { keepdims: 0 } },
    ];
    const lossGraph = lossOf(
      nodes,
      { one: { type: 'int64', dims: [], data: BigInt64Array.of(1n) }, two: floats([], [2]) },
      { inputs: [] },
    );
    await expect(trained({ lossGraph })).rejects.toMatchObject({
      code: 'UnsupportedModel',
      message: expect.stringMatching(/no gradient for operator (Mod|CumSum|Erf)/) as string,
    });
  });

  it('excludes a loss of the table', async () => {
    await expect(
      trained({ lossGraph: lossOf(crossEntropy, constants), loss: 'cross-entropy' }),
    ).rejects.toThrow(/lossGraph takes the place of loss/);
  });
});
