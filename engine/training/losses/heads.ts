import { EngineError } from '../../errors';
import { extract } from '../../onnx/extract';
import type { Graph } from '../../onnx/graph';
import { lastResults } from '../../onnx/raw-heads';
import type { Shape } from '../emit/batch-shapes';
import type { LossSettings } from '../settings';
import type { Teacher } from './teacher-pass';

/** Values by which a student with several heads follows its teacher. */
export interface Heads {
  /** Results of the last layers. */
  readonly heads: readonly string[];
  /** What those layers read, if it has the same shape in both models: not if its channels were pruned. */
  readonly headFeatures: readonly string[];
}

/**
 * Finds the raw heads of a model, and the features that they are computed from.
 * @throws EngineError `UnsupportedModel` if it has no layers
 */
export function headsOf(graph: Graph, shapes: ReadonlyMap<string, Shape>, teacher: Teacher): Heads {
  const found = lastResults(graph);
  if (!found.length)
    throw new EngineError(
      'UnsupportedModel',
      'fine-tuning setting distillation.logits is heads, but the model has no layers whose results could be compared',
    );
  const shared = ({ features }: (typeof found)[number]) =>
    shapes.get(features)?.join() === teacher.shapes.get(features)?.join() ? [features] : [];
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  return {
    heads: found.map(({ value }) => value),
    headFeatures: [...new Set(found.flatMap(shared))].filter((value) => !inputs.has(value)),
  };
}

/**
 * Cuts off what follows the heads, if these are all that is compared: a detector's decoder needs no gradients, its
 * constants stay, and its outputs may be of any type and size.
 */
export function cutAtHeads(graph: Graph, { distillation }: LossSettings): Graph {
  if (distillation?.logits !== 'heads') return graph;
  const heads = lastResults(graph).map(({ value }) => value);
  const inputs = graph.inputs.map(({ name }) => name);
  return heads.length ? extract(graph, inputs, heads) : graph;
}
