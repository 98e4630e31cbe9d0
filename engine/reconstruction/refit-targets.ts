import type { Graph } from '../onnx/graph';
import { keyOf, layersOf } from '../onnx/layers';
import { inferShapes } from '../onnx/shapes';
import { type Sampled, type Targets, targetsOf } from './layer-fit';
import type { ReconstructionSamples } from './samples';
import { type Site, siteOf } from './sites';

/** Of layers' outputs, by `keyOf` the layer's node, the channels that are left, as the teacher counts them. */
export type LeftOutputs = ReadonlyMap<string, readonly number[]>;

/**
 * The model to whose outputs the layers of a pruned one are refitted: the one that it was made of, of which it has all
 * layers, though not all channels.
 */
export interface Teacher {
  readonly graph: Graph;
  /** Layers that are not named have all outputs that the teacher's have. */
  readonly left: LeftOutputs;
}

/** What the teacher's layers compute at the sampled positions, of the outputs that are left: [rows, outputs]. */
export async function taught(
  { graph, left }: Teacher,
  layers: readonly Sampled[],
  samples: ReconstructionSamples,
): Promise<Targets> {
  const shapes = inferShapes(graph);
  const byKey = new Map(layersOf(graph, shapes).map((layer) => [keyOf(layer.node), layer]));
  const theirs = layers.map(({ site, at }) => {
    const layer = byKey.get(keyOf(site.layer.node))!;
    // A layer that is a linear map in the pruned model is one in the model it was made of.
    return { site: siteOf(graph, layer, shapes) as Site, at };
  });
  const whole = await targetsOf(graph, theirs, samples);
  return new Map(
    layers.map(({ site }, at) => {
      const outputs = left.get(keyOf(site.layer.node));
      const all = whole.get(theirs[at].site)!;
      return [site, outputs ? columns(all, theirs[at].site, outputs) : all];
    }),
  );
}

/** Some columns of a matrix whose rows are all outputs of a layer. */
function columns(
  all: Float32Array,
  { groups, outputs: each }: Site,
  picked: readonly number[],
): Float32Array {
  const width = groups * each;
  const rows = all.length / width;
  const found = new Float32Array(rows * picked.length);
  for (let row = 0; row < rows; row++)
    picked.forEach((column, at) => (found[row * picked.length + at] = all[row * width + column]));
  return found;
}
