import { join } from 'node:path';

import { compressModel } from '../../../engine/api/compress-model';
import type { CompressOptions } from '../../../engine/api/compress-options';
import { JobPool } from '../../../engine/pools/thread-pool';
import { declare } from '../../../engine/onnx/extract';
import type { Graph } from '../../../engine/onnx/graph';
import { saveModel } from '../../../engine/onnx/model';
import { openModel } from '../../../engine/onnx/open-model';
import { floats } from '../../../engine/tensor/tensor';
import { temporaryFolder } from '../../support/folder';
import { modelOf, randoms } from '../../support/graphs';
import { Network } from '../pruning/network';

const folder = temporaryFolder();
const pool = new JobPool({ slots: 1 });
afterAll(() => pool.close());

let count = 0;
/** Saves a model and halves it; `inputSize` and the like may be given. */
async function halved(graph: Graph, technique: CompressOptions['technique'], more = {}) {
  const [model, out] = [join(folder, `${++count}.onnx`), join(folder, `${count}.small.onnx`)];
  saveModel(graph, model);
  const settings = { samples: 4, candidates: [0.3, 0.6], reconstruction: { samples: 4, patches: 20 } };
  const report = await compressModel({ model, out, technique, target: 0.5, ...settings, ...more }, { pool });
  return { report, compressed: openModel(out) };
}

/** conv a → relu → `middle` → conv b → relu → pool → `head`. */
function network(middle: (net: Network, x: string) => string, end?: (net: Network, y: string) => string) {
  const net = new Network(1);
  const a = middle(net, net.relu(net.conv('x', 3, 12, { name: 'a' })));
  const y = net.head(net.relu(net.conv(a, 12, 16, { name: 'b' })), 16);
  return net.graph(end ? end(net, y) : y);
}
const same = (_: Network, x: string) => x;
const techniques = ['channel-pruning', 'spatial-svd', 'weight-svd'] as const;

describe('models of unusual interfaces', () => {
  it.each(techniques)(
    '%s scores a model that gives classes alone by what decides them',
    async (technique) => {
      const graph = network(same, (net, y) =>
        net.op('Cast', [net.op('ArgMax', [y], { axis: 1, keepdims: 0 })], { to: 6 }),
      );
      graph.model.graph!.output = [declare(graph.outputs[0].name, ['batch'], 'int32')];
      const { report } = await halved(graph, technique);
      expect(report.achieved).toBeLessThan(0.55);
    },
  );

  it('says so if no floats decide the outputs', async () => {
    const graph = network(same, (net, y) => net.op('Shape', [y]));
    graph.model.graph!.output = [declare(graph.outputs[0].name, [2], 'int64')];
    await expect(halved(graph, 'spatial-svd')).rejects.toThrow(
      /no float output to compare, .* score by a metric/,
    );
  });

  it.each(techniques)('%s leaves a layer whose weight the model gives as an output', async (technique) => {
    const graph = network(same);
    const weight = graph.nodes.find(({ name }) => name === 'b')!.input[1];
    graph.model.graph!.output.push(declare(weight, [16, 12, 3, 3]));
    const halving = halved(graph, technique);
    if (technique === 'channel-pruning') {
      await expect(halving).rejects.toThrow(`weight ${weight} is an output of the model`);
      return;
    }
    const { report, compressed } = await halving;
    expect(report.frozen).toContainEqual({ name: 'b', why: `weight ${weight} is an output of the model` });
    expect(compressed.constant(weight)).toEqual(graph.constant(weight));
  });

  it('leaves a layer whose weight other nodes read', async () => {
    const graph = network(same, (net, y) => {
      const [, weight] = net.nodes.find(({ name }) => name === 'b')!.inputs;
      const all = { keepdims: 0 };
      const scaled = net.op('Mul', [weight, net.op('ReduceMean', ['x'], all)], {}, 'scaled');
      return net.op('Add', [y, net.op('ReduceMean', [scaled], all)]);
    });
    const { report } = await halved(graph, 'spatial-svd');
    const why = expect.stringMatching(/^weight \S+ is also read by Mul scaled$/) as string;
    expect(report.frozen).toContainEqual({ name: 'b', why });
  });

  it.each(['spatial-svd', 'weight-svd'] as const)(
    '%s takes a model that draws at random',
    async (technique) => {
      const graph = network((net, x) => net.op('Add', [x, net.op('RandomNormalLike', [x])]));
      const { report } = await halved(graph, technique);
      expect(report.achieved).toBeLessThan(0.55);
    },
  );

  it('refuses a bias that is NaN, by name', async () => {
    const graph = network(same);
    const bias = graph.nodes.find(({ name }) => name === 'b')!.input[2];
    graph.setConstant(bias, floats([16], new Float32Array(16).fill(NaN)));
    await expect(halved(graph, 'channel-pruning')).rejects.toThrow(
      new RegExp(`^bias ${bias} of layer b of .* holds NaN or Inf`),
    );
  });

  it('refits layers that see positions of an image as rows', async () => {
    const graph = network((net, x) => {
      const rows = net.op('Reshape', [net.op('Transpose', [x], { perm: [0, 2, 1, 3] }), net.ints(-1, 12, 8)]);
      const inner = net.relu(
        net.op('Conv', [rows, net.random(10, 12, 3), net.random(10)], { pads: [1, 1] }, 'i'),
      );
      const back = net.op('Conv', [inner, net.random(12, 10, 1), net.random(12)], {}, 'o');
      return net.op('Transpose', [net.op('Reshape', [back, net.ints(-1, 8, 12, 8)])], { perm: [0, 2, 1, 3] });
    });
    const { report } = await halved(graph, 'channel-pruning', { method: { multiplicity: 1 } });
    expect(report.layers.map(({ name }) => name)).toEqual(expect.arrayContaining(['i']));
  });

  it('feeds integers to a model that looks words up', async () => {
    const graph = modelOf(
      ['words', ['batch', 12]],
      [
        { op: 'Gather', inputs: ['table', 'words'], outputs: ['e'] },
        { op: 'Transpose', inputs: ['e'], outputs: ['t'], attributes: { perm: [0, 2, 1] } },
        { op: 'Conv', name: 'a', inputs: ['t', 'w'], outputs: ['c'], attributes: { pads: [1, 1] } },
        { op: 'Relu', inputs: ['c'], outputs: ['r'] },
        { op: 'Conv', name: 'b', inputs: ['r', 'v'], outputs: ['y'] },
      ],
      ['y'],
      { table: randoms([30, 8], 1), w: randoms([16, 8, 3], 2), v: randoms([8, 16, 3], 3) },
    );
    graph.model.graph!.input = [declare('words', ['batch', 12], 'int64')];
    const { report } = await halved(graph, 'weight-svd');
    expect(report.achieved).toBeLessThan(0.55);
  });
});
