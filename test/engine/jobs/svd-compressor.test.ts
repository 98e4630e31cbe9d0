import { join } from 'node:path';

import { writeNpy } from '../../../engine/data/npy';
import { toolsOf } from '../../../engine/jobs/backends';
import type { Compressor } from '../../../engine/jobs/compressor';
import { compressorOf } from '../../../engine/jobs/compressors';
import { quiet } from '../../../engine/jobs/job-context';
import { verify } from '../../../engine/jobs/verify';
import { type Graph, type NodeFields } from '../../../engine/onnx/graph';
import type { SvdTechnique } from '../../../engine/svd/methods';
import type { FloatTensor } from '../../../engine/tensor/tensor';
import { temporaryFolder } from '../../support/folder';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';
import { machinery, methodOf } from '../../support/method';

const folder = temporaryFolder();
const images = join(folder, 'images.npy');
const samples = 60;

/** A model with the layers `nodes`, from x to y, and weights and biases at random. */
const network = (
  input: readonly number[],
  nodes: readonly NodeFields[],
  sizes: Readonly<Record<string, readonly number[]>>,
): Graph =>
  modelOf(
    ['x', ['batch', ...input]],
    nodes,
    ['y'],
    Object.fromEntries(Object.entries(sizes).map(([name, dims], at) => [name, randoms(dims, at + 3)])),
  );
const node = (
  op: string,
  name: string,
  inputs: readonly string[],
  attributes: NodeFields['attributes'] = {},
  output = name,
): NodeFields => ({ op, name, inputs, outputs: [output], attributes });
const relu = (from: string, output: string) => node('Relu', '', [from], {}, output);

/** Networks of two layers, of every form that is split, and what each technique calls what it splits. */
const networks: Record<string, { graph: Graph; techniques: readonly SvdTechnique[]; layers: number }> = {
  'convolutions with stride, padding and dilation, one without a bias': {
    graph: network(
      [4, 9, 11],
      [
        node('Conv', 'a', ['x', 'aw', 'ab'], { strides: [2, 1], pads: [1, 2, 1, 0] }),
        relu('a', 'r'),
        node('Conv', 'b', ['r', 'bw'], { dilations: [1, 2] }, 'y'),
      ],
      { aw: [6, 4, 3, 3], ab: [6], bw: [5, 6, 2, 3] },
    ),
    techniques: ['spatial-svd', 'weight-svd'],
    layers: 2,
  },
  'convolutions over one axis': {
    graph: network(
      [5, 20],
      [
        node('Conv', 'a', ['x', 'aw'], { pads: [1, 1] }),
        relu('a', 'r'),
        node('Conv', 'b', ['r', 'bw', 'bb'], {}, 'y'),
      ],
      { aw: [8, 5, 3], bw: [6, 8, 3], bb: [6] },
    ),
    techniques: ['spatial-svd', 'weight-svd'],
    layers: 2,
  },
  'layers that share a weight': {
    graph: network(
      [6, 8, 8],
      [
        node('Conv', 'a', ['x', 'w', 'b'], { pads: [1, 1, 1, 1] }),
        relu('a', 'r'),
        node('Conv', 'again', ['r', 'w', 'b'], { pads: [1, 1, 1, 1] }, 'y'),
      ],
      { w: [6, 6, 3, 3], b: [6] },
    ),
    techniques: ['spatial-svd', 'weight-svd'],
    layers: 1,
  },
  'Gemm with the weight either way': {
    graph: network(
      [12],
      [
        node('Gemm', 'a', ['x', 'aw', 'ab'], { transB: 1 }),
        relu('a', 'r'),
        node('Gemm', 'b', ['r', 'bw'], {}, 'y'),
      ],
      { aw: [14, 12], ab: [14], bw: [14, 9] },
    ),
    techniques: ['weight-svd'],
    layers: 2,
  },
  'MatMul followed by a bias, with none, and with its weight on the left': {
    graph: network(
      [10, 12],
      [
        node('MatMul', 'a', ['x', 'aw']),
        node('Add', 'added', ['a', 'ab']),
        relu('added', 'r'),
        node('MatMul', 'left', ['lw', 'r']),
        relu('left', 's'),
        node('MatMul', 'b', ['s', 'bw'], {}, 'y'),
      ],
      { aw: [12, 14], ab: [14], lw: [9, 10], bw: [14, 8] },
    ),
    techniques: ['weight-svd'],
    layers: 3,
  },
};

async function compressorFor(graph: Graph, technique: SvdTechnique, svd: boolean): Promise<Compressor> {
  writeNpy(images, imagesFor(graph));
  return compressorOf(graph, {
    model: 'model.onnx',
    method: methodOf(technique),
    tools: await toolsOf(machinery),
    context: quiet,
    train: { images },
    reconstruction: { samples, patches: 30, seed: 0, svd },
  });
}
const imagesFor = (graph: Graph): FloatTensor =>
  randoms([samples, ...(graph.inputs[0].dims!.slice(1) as number[])], 1);

/** Squared distance of two models' outputs on the images. */
async function away(a: Graph, b: Graph, x: FloatTensor): Promise<number> {
  const [mine, theirs] = (await Promise.all([runOnce(a, x), runOnce(b, x)])) as FloatTensor[];
  return mine.data.reduce((sum, value, at) => sum + (value - theirs.data[at]) ** 2, 0);
}

const cases = Object.entries(networks).flatMap(([name, { techniques, ...rest }]) =>
  techniques.map((technique) => ({ name, technique, ...rest })),
);

describe.each(cases)('$technique of $name', ({ graph, technique, layers }) => {
  const halved = ({ parts }: Compressor) => parts.map(({ full }) => Math.ceil(full / 2));

  it('comes nearer to the original with pairs that are refitted, and is what was checked', async () => {
    const compressor = await compressorFor(graph, technique, true);
    expect(compressor.parts).toHaveLength(layers);
    const plan = halved(compressor);
    const refitted = await compressor.compress(plan);
    expect(refitted.notes).toEqual([]);
    const input = { model: 'model.onnx', method: methodOf(technique), train: { images } };
    await verify(refitted, input, await toolsOf(machinery));
    const plain = await (await compressorFor(graph, technique, false)).compress(plan);
    const x = imagesFor(graph);
    expect(await away(refitted.graph, graph, x)).toBeLessThan(await away(plain.graph, graph, x));
  });

  it('loses nothing at full rank', async () => {
    const compressor = await compressorFor(graph, technique, true);
    const { graph: split } = await compressor.compress(compressor.parts.map(({ full }) => full));
    const x = imagesFor(graph);
    expect(distance(await runOnce(split, x), await runOnce(graph, x))).toBeLessThan(1e-4);
  });

  it('is tried as it will be written, a layer at a time', async () => {
    const compressor = await compressorFor(graph, technique, true);
    const x = imagesFor(graph);
    for (const [at, part] of compressor.parts.entries()) {
      const rank = halved(compressor)[at];
      const trials = await compressor.trials(part);
      const tried = trials.graph.clone();
      expect(distance(await runOnce(tried, x), await runOnce(graph, x))).toBeLessThan(1e-6);
      (await trials.at(rank)).forEach((tensor, name) => tried.setConstant(name, tensor));
      const plan = compressor.parts.map((_, i) => (i === at ? rank : null));
      const alone = await compressor.compress(plan);
      // Of layers that share a weight, the later see what the earlier leave.
      if (part.layers.length > 1) {
        const plain = await (await compressorFor(graph, technique, false)).compress(plan);
        expect(await away(tried, graph, x)).toBeLessThan(await away(plain.graph, graph, x));
      } else expect(distance(await runOnce(tried, x), await runOnce(alone.graph, x))).toBeLessThan(1e-4);
    }
  });
});

it.each([
  ['a Gemm that scales', { alpha: 2 }, 'its alpha or beta is not 1'],
  ['more unknowns than fit', {}, 'it has 6001 unknowns, more than the limit of 6000'],
])('keeps the pair of the decomposition, and says so, for %s', async (_, attributes, why) => {
  const inputs = 'alpha' in attributes ? 12 : 6001;
  const graph = network([inputs], [node('Gemm', 'fc', ['x', 'w'], attributes, 'y')], { w: [inputs, 9] });
  const [refitted, plain] = await Promise.all(
    [true, false].map(async (svd) => (await compressorFor(graph, 'weight-svd', svd)).compress([4])),
  );
  expect(refitted.notes).toEqual([`fc was not refitted after it was split: ${why}`]);
  const x = imagesFor(graph);
  expect(await away(refitted.graph, plain.graph, x)).toBe(0);
});

it('names a layer whose samples are fewer than its unknowns', async () => {
  const graph = network([80], [node('Gemm', 'fc', ['x', 'w'], {}, 'y')], { w: [80, 9] });
  const { notes } = await (await compressorFor(graph, 'weight-svd', true)).compress([4]);
  expect(notes).toEqual([expect.stringMatching(/^fc: 60 reconstruction samples for 80 unknowns/)]);
});
