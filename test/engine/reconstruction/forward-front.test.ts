import { Dataset } from '../../../engine/data/dataset';
import { linearAlgebra } from '../../../engine/linalg/choose';
import type { Graph } from '../../../engine/onnx/graph';
import { ForwardFront } from '../../../engine/reconstruction/forward-front';
import { type Known, ReconstructionSamples } from '../../../engine/reconstruction/samples';
import { type FloatTensor, floats } from '../../../engine/tensor/tensor';
import { distance } from '../../support/graphs';
import { Network } from '../pruning/network';

const net = new Network(3, ['batch', 3, 8, 8]);
const first = net.relu(net.conv('x', 3, 8));
const second = net.relu(net.conv(first, 8, 8));
const third = net.op('Conv', [net.op('Add', [first, second]), net.random(4, 8, 3, 3)], {}, 'third');
const graph = net.graph(third);
const samples = new ReconstructionSamples(
  Dataset.random({ shape: [3, 8, 8], samples: 70, seed: 1 }),
  { samples: 70, patches: 1, seed: 1 },
  { threads: 1, algebra: linearAlgebra({ backend: 'ml-matrix' }) },
);

/** A value for all images, run from `from`. */
async function valueOf(changed: Graph, name: string, from?: Known): Promise<FloatTensor> {
  const parts: number[] = [];
  let dims: readonly number[] = [];
  for await (const { values } of samples.run(changed, [name], from)) {
    parts.push(...(values[name] as FloatTensor).data);
    dims = values[name].dims;
  }
  return floats([samples.images, ...dims.slice(1)], parts);
}

const before = (output: string) => graph.producer(output)!;

it('keeps what is read after it, and what follows is the same as from the start', async () => {
  const copy = graph.clone();
  const front = new ForwardFront(copy, samples);
  await front.advance(before(third), [third]);
  expect(front.known?.names).toEqual([expect.not.stringMatching(/^x$/)]);
  const weight = before(third).input[1];
  const doubled = copy.constant(weight) as FloatTensor;
  copy.setConstant(
    weight,
    floats(
      doubled.dims,
      doubled.data.map((value) => 2 * value),
    ),
  );
  const whole = await valueOf(copy, third);
  expect(distance(await valueOf(copy, third, front.known), whole)).toBeLessThan(1e-5);
  expect(distance(await valueOf(graph, third), whole)).toBeGreaterThan(0.1);
});

it('holds every branch that is read later, and moves on from where it is', async () => {
  const front = new ForwardFront(graph, samples);
  await front.advance(before(second), [third]);
  expect(front.known?.names).toHaveLength(2); // the skip, and what second is made of
  await front.advance(before(third), [third]);
  expect(front.known?.names).toHaveLength(1);
  expect(distance(await valueOf(graph, third, front.known), await valueOf(graph, third))).toBeLessThan(1e-5);
});

it('stays where it is when the values there are beyond its budget', async () => {
  const front = new ForwardFront(graph, samples, 1000);
  await front.advance(before(second), [third]);
  expect(front.known).toBeUndefined();
});
