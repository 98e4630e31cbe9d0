import type { Graph } from '../../../../engine/onnx/graph';
import { loadModel } from '../../../../engine/onnx/model';
import { initialized } from '../../../../engine/training/parameters/initialize';
import { sizeOf } from '../../../../engine/tensor/tensor';
import { modelOf, randoms } from '../../../support/graphs';
import { digitsModel } from '../../../support/paths';
import { floatsOf } from '../support';

const begun = (graph: Graph, seed: number, shape = [1, 28, 28]) => initialized(graph, { data: shape, seed });
const values = (graph: Graph, name: string) => [...floatsOf(graph.constant(name))];
const meanSquare = (of: number[]) => of.reduce((sum, value) => sum + value * value, 0) / of.length;

describe('initialized', () => {
  const own = loadModel(digitsModel('bn.'));
  let graph: Graph;
  let notes: readonly string[];

  beforeAll(async () => {
    ({ graph, notes } = await begun(own, 0));
  });

  test('weights of Conv have the variance 2 / fan-out, and no weight is as it was', () => {
    expect(notes).toEqual([]);
    const convs = graph.nodes.filter(({ opType }) => opType === 'Conv');
    expect(convs.length).toBeGreaterThan(19);
    for (const { input } of convs) {
      const { dims } = graph.constant(input[1])!;
      const found = values(graph, input[1]);
      const before = values(own, input[1]);
      expect(found.some((value, at) => value === before[at])).toBe(false);
      // The mean of n squares of normal numbers lies within 5 standard deviations of √(2 / n).
      const relative = meanSquare(found) / (2 / (dims[0] * sizeOf(dims.slice(2))));
      expect(Math.abs(relative - 1)).toBeLessThan(5 * Math.sqrt(2 / found.length));
    }
  });

  test('normalizations begin as the identity, with statistics of no data', () => {
    const constants = (name: string) => {
      const node = graph.producer(name);
      return values(graph, node?.opType === 'Identity' ? node.input[0] : name);
    };
    for (const { input } of graph.nodes.filter(({ opType }) => opType === 'BatchNormalization'))
      expect(input.slice(1).map((name) => [...new Set(constants(name))])).toEqual([[1], [0], [0], [1]]);
  });

  test('fully connected layers begin within 1/√fan-in, their biases at 0', () => {
    const { input } = graph.nodes.find(({ opType }) => opType === 'Gemm')!;
    const weights = values(graph, input[1]).map((value) => Math.abs(value));
    expect(Math.max(...weights)).toBeLessThanOrEqual(1 / 8);
    expect(Math.max(...weights)).toBeGreaterThan(0.9 / 8);
    expect(new Set(values(graph, input[2]))).toEqual(new Set([0]));
  });

  test('is a function of the seed, and leaves the given graph alone', async () => {
    const name = graph.nodes.find(({ opType }) => opType === 'Conv')!.input[1];
    expect(values((await begun(own, 0)).graph, name)).toEqual(values(graph, name));
    expect(values((await begun(own, 1)).graph, name)).not.toEqual(values(graph, name));
    expect(values(loadModel(digitsModel('bn.')), name)).toEqual(values(own, name));
  });

  test('a grouped convolution counts the outputs that an input has', async () => {
    const depthwise = modelOf(
      ['x', ['n', 256, 8, 8]],
      [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { group: 256, kernel_shape: [3, 3] } }],
      ['y'],
      { w: randoms([256, 1, 3, 3], 1) },
    );
    const { graph: random, notes: told } = await begun(depthwise, 0, [256, 8, 8]);
    expect(Math.abs(meanSquare(values(random, 'w')) / (2 / 9) - 1)).toBeLessThan(5 * Math.sqrt(2 / 2304));
    expect(told).toEqual([expect.stringMatching(/has no normalization/)]);
  });
});
