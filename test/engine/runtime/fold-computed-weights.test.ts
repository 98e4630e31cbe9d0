import { create } from '@bufbuild/protobuf';

import { layersOf } from '../../../engine/onnx/layers';
import { OperatorSetIdProtoSchema } from '../../../engine/onnx/proto/onnx_pb';
import { foldComputedWeights } from '../../../engine/runtime/fold-computed-weights';
import { distance, randoms } from '../../support/graphs';
import { expectPruned, groupsIn, Network, outputsOf, randomPlan } from '../pruning/network';

/** conv a → a convolution whose weight [6, 4, 3, 3] and bias `of` computes → head. */
const networkOf = (of: (net: Network, weight: string) => string) => {
  const net = new Network();
  const a = net.relu(net.conv('x', 3, 4, { name: 'a' }));
  const [weight, bias] = [of(net, net.random(6, 4, 3, 3)), net.op('Neg', [net.random(6)])];
  const b = net.op('Conv', [a, weight, bias], { pads: [1, 1, 1, 1] }, 'b');
  return net.graph(net.head(net.relu(b), 6));
};

/** (w - mean) / (mean of squares), over all but the filters. */
const standardized = (net: Network, weight: string): string => {
  const mean = (value: string) => net.op('ReduceMean', [value, net.ints(1, 2, 3)]);
  const centred = net.op('Sub', [weight, mean(weight)]);
  return net.op('Div', [centred, mean(net.op('Mul', [centred, centred]))]);
};

describe('foldComputedWeights', () => {
  it('makes constants of weights and biases that the model computes from constants', async () => {
    const graph = networkOf(standardized);
    const original = graph.clone();
    expect(layersOf(graph).map(({ name }) => name)).toEqual(['a', 'head']);
    await foldComputedWeights(graph);
    expect(layersOf(graph).map(({ name }) => name)).toEqual(['a', 'b', 'head']);
    expect(graph.nodes.map(({ opType }) => opType).slice(0, 4)).toEqual(['Conv', 'Relu', 'Conv', 'Relu']);
    expect(graph.context.notes).toEqual([]);
    const x = randoms([2, 3, 8, 8], 1);
    const [[folded], [whole]] = [await outputsOf(graph, x), await outputsOf(original, x)];
    expect(distance(folded, whole)).toBeLessThan(1e-5);
    const found = groupsIn(graph);
    expect(found.groups.map(({ name, channels }) => [name, channels])).toEqual([
      ['b', 4],
      ['head', 6],
    ]);
    await expectPruned(graph, found, randomPlan(found, 2));
  });

  it('leaves weights that differ from run to run, or that ONNX Runtime cannot compute, with the reason', async () => {
    const drawn = networkOf((net, weight) => net.op('Add', [weight, net.op('RandomNormalLike', [weight])]));
    await foldComputedWeights(drawn);
    expect(layersOf(drawn).map(({ name }) => name)).toEqual(['a', 'head']);
    const mine = networkOf((net, weight) => {
      net.nodes.push({ op: 'Mine', domain: 'my.ops', name: 'w', inputs: [weight], outputs: ['w'] });
      return 'w';
    });
    mine.model.opsetImport.push(create(OperatorSetIdProtoSchema, { domain: 'my.ops', version: 1n }));
    await foldComputedWeights(mine);
    expect(layersOf(mine).map(({ name }) => name)).toEqual(['a', 'head']);
    expect(mine.context.notes).toEqual([
      expect.stringMatching(
        /^weights w, .* are computed while the model runs, and running it to get them failed: node w \(my\.ops\.Mine\) can't be run: /,
      ),
    ]);
  });

  it('does not touch a model whose weights are constants', async () => {
    const graph = new Network();
    const whole = graph.graph(graph.head(graph.conv('x', 3, 4), 4));
    const before = [...whole.nodes];
    await foldComputedWeights(whole);
    expect(whole.nodes).toEqual(before);
  });
});
