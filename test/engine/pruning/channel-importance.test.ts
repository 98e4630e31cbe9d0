import { channelImportance, channelMagnitudes } from '../../../engine/pruning/importance';
import { floats, type FloatTensor } from '../../../engine/tensor/tensor';
import { groupsIn, Network } from './network';

it('of a single consumer is AIMET’s magnitude', () => {
  const net = new Network();
  const a = net.conv('x', 3, 4);
  const graph = net.graph(net.head(net.conv(a, 4, 5, { name: 'b' }), 5));
  const [group] = groupsIn(graph).groups;
  const weight = graph.constant(group.consumers[0].layer.weight) as FloatTensor;
  expect(group.aimet).toBe(true);
  expect(channelImportance(graph, group, 'l2')).toEqual(channelMagnitudes(weight));
});

describe('of two consumers', () => {
  const net = new Network();
  const a = net.conv('x', 3, 2);
  const [w, v] = [
    net.constant(floats([1, 2, 1, 1], [1, -3])),
    net.constant(floats([1, 2, 1, 1], [300, 100])),
  ];
  const graph = net.graph(net.op('Add', [net.op('Conv', [a, w]), net.op('Conv', [a, v])]));
  const [group] = groupsIn(graph).groups;

  it('is the sum of their shares, whatever their scales', () => {
    expect([...channelImportance(graph, group, 'l1')]).toEqual([1 / 4 + 3 / 4, 3 / 4 + 1 / 4]);
    expect([...channelImportance(graph, group, 'l2')]).toEqual([0.1 + 0.9, 0.9 + 0.1]);
  });

  it('by Taylor is the change of the loss to first order over both', () => {
    const gradients = new Map([
      [w, floats([1, 2, 1, 1], [2, 1])],
      [v, floats([1, 2, 1, 1], [-0.5, 0.25])],
    ]);
    expect([...channelImportance(graph, group, 'taylor', gradients)]).toEqual([148, 22]);
    expect(() => channelImportance(graph, group, 'taylor')).toThrow(
      `importance by taylor needs the gradient of ${w}`,
    );
  });
});
