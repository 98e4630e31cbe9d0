import type { Graph } from '../onnx/graph';
import { keyOf, layersOf } from '../onnx/layers';
import { inferShapes } from '../onnx/shapes';
import { type Sampled, type Targets, targetsOf } from './layer-fit';
import type { ReconstructionSamples } from './samples';
import { type Site, siteOf } from './sites';

/** Channels that are left of layers' outputs, numbered as in the teacher, by `keyOf` the layer's node. */
export type LeftOutputs = ReadonlyMap<string, readonly number[]>;

/**
 * The model to whose outputs the layers of a pruned one are refitted: the one it was made from, of which it has all
 * layers but not all channels.
 */
export interface Teacher {
  readonly graph: Graph;
  /** A layer not listed has all outputs of the teacher's. */
  readonly left: LeftOutputs;
}

/** Computes what the teacher's layers output at the sampled positions, for the outputs that are left: [rows, outputs]. */
export async function taught(
  { graph, left }: Teacher,
  layers: readonly Sampled[],
  samples: ReconstructionSamples,
): Promise<Targets> {
  const shapes = inferShapes(graph);
  const byKey = new Map(layersOf(graph, shapes).map((layer) => [keyOf(layer.node), layer]));
  const theirs = layers.map(({ site, at }) => {
    const layer = byKey.get(keyOf(site.layer.node))!;
    // A layer that is a linear map in the pruned model is one in the model it was made from.
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

/** Takes some columns of a matrix whose rows are all outputs of a layer. */
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
