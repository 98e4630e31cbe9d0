import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { writeNpy } from '../../../engine/data/npy';
import type { Graph } from '../../../engine/onnx/graph';
import { linearAlgebra } from '../../../engine/linalg/choose';
import { layersOf } from '../../../engine/onnx/layers';
import { inferShapes } from '../../../engine/onnx/shapes';
import type { KeepPlan } from '../../../engine/pruning/keep';
import { type Sampled, targetsOf } from '../../../engine/reconstruction/layer-fit';
import { maskChannels } from '../../../engine/pruning/mask';
import { reconstructGroups } from '../../../engine/pruning/reconstruct-groups';
import { removeChannels } from '../../../engine/pruning/remove-channels';
import { ReconstructionSamples } from '../../../engine/reconstruction/samples';
import { siteOf } from '../../../engine/reconstruction/sites';
import { int64s } from '../../../engine/tensor/tensor';
import { distance, randoms, runOnce } from '../../support/graphs';
import { groupsIn, Network, randomPlan } from './network';

const algebra = linearAlgebra({ backend: 'ml-matrix' });

describe('every kind of layer', () => {
  const net = new Network(5, ['batch', 3, 8, 8]);
  const a = net.relu(net.conv('x', 3, 8));
  const bare = net.op('Conv', [a, net.random(8, 8, 3, 3)], { pads: [1, 1, 1, 1] }, 'bare');
  const sum = net.op('Add', [a, net.relu(bare)]);
  const grouped = net.relu(net.conv(sum, 8, 8, { group: 2, name: 'grouped' }));
  const line = net.op('Reshape', [grouped, net.ints(0, 8, 64)]);
  const one = net.relu(net.op('Conv', [line, net.random(6, 8, 3), net.random(6)], {}, 'one'));
  const left = net.op('Add', [net.op('MatMul', [net.random(7, 6), one], {}, 'left'), net.random(7, 1)]);
  const last = net.op('Transpose', [net.relu(left)], { perm: [0, 2, 1] });
  const dense = net.op('Add', [net.op('MatMul', [last, net.random(7, 5)], {}, 'dense'), net.random(5)]);
  const pooled = net.op('ReduceMean', [net.relu(dense), net.constant(int64s([1]))], { keepdims: 0 });
  const graph = net.graph(net.op('Gemm', [pooled, net.random(5, 3)], {}, 'fc'));
  const layers = layersOf(graph);
  const found = groupsIn(graph);
  let samples: ReconstructionSamples;
  let data: Dataset;

  const folder = mkdtempSync(join(tmpdir(), 'slimflow-'));

  beforeAll(() => {
    const images = join(folder, 'images.npy');
    const labels = join(folder, 'labels.npy');
    writeNpy(images, randoms([80, 3, 8, 8], 3));
    writeNpy(labels, int64s(Array<number>(80).fill(0)));
    data = Dataset.open({ images, labels });
    samples = new ReconstructionSamples(data, { samples: 80, patches: 8, seed: 2 }, { threads: 1, algebra });
  });
  afterAll(() => {
    data.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The squared error of a layer of `changed` on the samples that its refit saw. */
  const errorOf = async (changed: Graph, name: string) => {
    const index = layers.findIndex((layer) => layer.name === name);
    const site = siteOf(graph, layers[index], inferShapes(graph));
    if (typeof site === 'string') throw new Error(site);
    const output = { dense, left }[name] ?? site.output; // a MatMul's bias is added after it
    const sampled: Sampled[] = [
      { site: { ...site, output }, at: samples.positions(index, site.height, site.width) },
    ];
    const [want] = (await targetsOf(graph, sampled, samples)).values();
    const [got] = (await targetsOf(changed, sampled, samples)).values();
    return got.reduce((total, value, at) => total + (value - want[at]) ** 2, 0);
  };
  const masked = (plan: KeepPlan) => {
    const copy = graph.clone();
    for (const [name, tensor] of maskChannels(graph, found, plan)) copy.setConstant(name, tensor);
    return copy;
  };

  it('has groups of several consumers, grouped, one-dimensional and fully connected ones', () => {
    expect(found.groups.map(({ consumers }) => consumers.map(({ layer }) => layer.name))).toEqual([
      ['bare', 'grouped'],
      ['one'],
      ['left'],
      ['dense'],
      ['fc'],
    ]);
  });

  it.each([1, 2, 3])('does no worse on its own samples than without (%d)', async (seed) => {
    const plan = randomPlan(found, seed);
    for (const [at, { consumers }] of found.groups.entries()) {
      const alone = found.groups.map((_, i) => (i === at ? (plan[at] ?? [0]) : null));
      const { graph: refitted, warnings } = await reconstructGroups(graph, layers, found, alone, samples);
      expect(warnings).toEqual([]);
      const name = consumers[0].layer.name; // later ones see changed inputs
      const [before, after] = [await errorOf(masked(alone), name), await errorOf(refitted, name)];
      expect(after).toBeLessThanOrEqual(before * (1 + 1e-5));
    }
  });

  it('gives a graph that computes the same when its channels are removed', async () => {
    const plan = randomPlan(found, 7);
    const { graph: refitted } = await reconstructGroups(graph, layers, found, plan, samples);
    const pruned = refitted.clone();
    removeChannels(pruned, found, plan);
    const x = randoms([2, 3, 8, 8], 9);
    expect(distance(await runOnce(pruned, x), await runOnce(refitted, x))).toBeLessThan(1e-4);
  });

  it('says when samples are fewer than unknowns, and stays finite', async () => {
    const few = new ReconstructionSamples(data, { samples: 2, patches: 2, seed: 2 }, { threads: 1, algebra });
    const plan = [[0, 1, 2], null, null, null, null];
    const { graph: refitted, warnings } = await reconstructGroups(graph, layers, found, plan, few);
    expect(warnings[0]).toBe(
      'bare: 4 reconstruction samples for 54 unknowns; raise reconstruction.samples (--reconstruction-samples)',
    );
    expect((await runOnce(refitted, randoms([1, 3, 8, 8], 1))).data.every(Number.isFinite)).toBe(true);
  });
});
