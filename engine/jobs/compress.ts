import { EngineError } from '../errors';
import { macsOf, paramsOf } from '../onnx/layers';
import { saveModel } from '../onnx/model';
import { openModel } from '../onnx/prepare';
import type { Selection } from '../ratios/greedy';
import type { JobContext } from './job';
import { pruneModel } from './prune-model';
import { splitModel } from './split-model';
import type { CompressInput, Compression } from './types';

/** How far from the target a plan may land before it is called a shortfall. */
const closeness = 0.01;

/**
 * Compresses a model to a share of its MACs: units for each layer from the scores, then the rewrites.
 * `achieved` is counted on the graph that is saved.
 */
export async function compress(input: CompressInput, context: JobContext): Promise<Compression> {
  if (!input.scores.length)
    throw new EngineError(
      'UnsupportedModel',
      `no layer of ${input.model} can be compressed by ${input.technique}`,
    );
  const graph = openModel(input.model);
  const before = macsOf(graph);
  const { selection, plan, notes } =
    input.technique === 'spatial-svd'
      ? await splitModel(graph, before, input, context)
      : await pruneModel(graph, before, input, context);
  graph.removeDead();
  const macs = macsOf(graph);
  const achieved = macs / before;
  saveModel(graph, input.out);
  return {
    achieved,
    macs,
    params: paramsOf(graph),
    plan,
    shortfall: shortfall(selection, achieved, input.target),
    notes,
  };
}

/** Why the target was not met, if so. */
function shortfall({ reached }: Selection, achieved: number, target: number): string | undefined {
  if (!reached)
    return `every layer is at its floor: ${achieved.toFixed(3)} of the MACs is the least that can be reached, ${target.toFixed(3)} was asked`;
  if (target - achieved > closeness)
    return `the layers' units are coarse: ${achieved.toFixed(3)} of the MACs is the nearest to ${target.toFixed(3)} that was found`;
  return undefined;
}
