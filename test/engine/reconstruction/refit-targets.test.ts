import { linearAlgebra } from '../../../engine/linalg/choose';
import { keyOf, layersOf } from '../../../engine/onnx/layers';
import { inferShapes } from '../../../engine/onnx/shapes';
import { channelGroups } from '../../../engine/pruning/channel-groups';
import type { KeepPlan } from '../../../engine/pruning/keep';
import { type Sampled, targetsOf } from '../../../engine/reconstruction/layer-fit';
import { removeChannels } from '../../../engine/pruning/remove-channels';
import { ReconstructionSamples } from '../../../engine/reconstruction/samples';
import { type Site, siteOf } from '../../../engine/reconstruction/sites';
import { outputsLeft } from '../../../engine/pruning/outputs-left';
import { taught } from '../../../engine/reconstruction/refit-targets';
import { randomData } from '../../../engine/runtime/feeds';
import { tinyNetwork } from '../../support/tiny';

const original = tinyNetwork();
const groupsOf = (graph: typeof original) => channelGroups(graph, layersOf(graph));
/** Prunes one group by the name of the layer that reads it. */
function pruned(graph: typeof original, name: string, keep: readonly number[]) {
  const channels = groupsOf(graph);
  const plan: KeepPlan = channels.groups.map((group) => (group.name === name ? keep : null));
  const small = graph.clone();
  removeChannels(small, channels, plan);
  return { small, channels, plan };
}

it('outputs left are counted as the teacher counts them, through one pruning after another', () => {
  const once = pruned(original, 'c3', [1, 2, 5, 7, 11]);
  const first = outputsLeft(once.channels, once.plan);
  const twice = pruned(once.small, 'c3', [0, 3, 4]);
  const left = outputsLeft(twice.channels, twice.plan, first);
  expect([first.get('c2'), left.get('c2')]).toEqual([
    [1, 2, 5, 7, 11],
    [1, 7, 11],
  ]);
  expect(left.get('c1')).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

it('a layer with fewer outputs is taught what the same ones are in the teacher', async () => {
  const { small, channels, plan } = pruned(original, 'c3', [1, 2, 5]);
  const { data } = randomData(original, { samples: 3, seed: 1 });
  const algebra = linearAlgebra({ backend: 'ml-matrix', threads: 1 });
  const samples = new ReconstructionSamples(
    data,
    { samples: 3, patches: 4, seed: 0 },
    { threads: 1, algebra },
  );
  const sampledIn = (graph: typeof original): Sampled => {
    const layer = layersOf(graph).find(({ node }) => keyOf(node) === 'c2')!;
    const site = siteOf(graph, layer, inferShapes(graph)) as Site;
    return { site, at: samples.positions(1, site.height, site.width) };
  };
  const [own, theirs] = [sampledIn(small), sampledIn(original)];
  const teacher = { graph: original, left: outputsLeft(channels, plan) };
  const wanted = (await taught(teacher, [own], samples)).get(own.site)!;
  const whole = (await targetsOf(original, [theirs], samples)).get(theirs.site)!;
  expect(wanted).toHaveLength(3 * 4 * 3);
  wanted.forEach((value, at) => expect(value).toBe(whole[12 * Math.floor(at / 3) + [1, 2, 5][at % 3]]));
});
