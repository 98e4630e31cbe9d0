import { keepAllBut } from '../../../engine/pruning/keep';
import { removeChannels } from '../../../engine/pruning/remove-channels';
import { groupsIn, Network } from './network';

it('keeps all channels but those given by hand', () => {
  expect(keepAllBut(5, [3, 0, 3], 'c')).toEqual([1, 2, 4]);
  expect(() => keepAllBut(4, [4], 'c')).toThrow(
    'c has no channel 4 to remove: its channels are numbered 0 to 3',
  );
  expect(() => keepAllBut(4, [1.5], 'c')).toThrow('c has no channel 1.5');
  expect(() => keepAllBut(2, [0, 1], 'c')).toThrow('all 2 channels of c would leave a layer without input');
});

it.each([
  [[null], '1 choices for 2 channel groups'],
  [[[], null], 'one or more of 0 to 3, ascending; got []'],
  [[[2, 1], null], 'ascending; got [2, 1]'],
  [[[0, 4], null], 'ascending; got [0, 4]'],
])('refuses the plan %j', (plan, message) => {
  const net = new Network();
  const graph = net.graph(net.head(net.conv(net.conv('x', 3, 4), 4, 4, { name: 'b' }), 4));
  expect(() => removeChannels(graph, groupsIn(graph), plan)).toThrow(message);
});
