import { EngineError } from '../../errors';
import { extract } from '../../onnx/extract';
import type { Graph } from '../../onnx/graph';
import { lastResults, type RawHead } from '../../onnx/raw-heads';
import { scoreHeads } from '../../onnx/score-heads';
import type { Shape } from '../emit/batch-shapes';
import type { LossSettings } from '../settings';
import type { ComparedHead } from './head-losses';
import type { Teacher } from './teacher-pass';

/** The heads of a model, as it is before what follows them is cut off. */
export interface Heads {
  readonly found: readonly RawHead[];
  /** Those that hold logits of scores. */
  readonly scores: ReadonlySet<string>;
}

/** Values of a student with several heads that are compared with its teacher's. */
export interface ComparedHeads {
  readonly heads: readonly ComparedHead[];
  /** Inputs of the last layers that have the same shape in both models: not if channels were pruned. */
  readonly headFeatures: readonly string[];
}

/**
 * Finds the raw heads of a model.
 * @throws EngineError `UnsupportedModel` if it has no layers
 */
export function headsOf(graph: Graph): Heads {
  const found = lastResults(graph);
  if (!found.length)
    throw new EngineError(
      'UnsupportedModel',
      'fine-tuning setting distillation.logits is heads, but the model has no layers whose results could be compared',
    );
  const values = found.map(({ value }) => value);
  return { found, scores: scoreHeads(graph, values) };
}

/** Says how heads are compared, and which features before them. */
export function comparedHeads(
  graph: Graph,
  { found, scores }: Heads,
  shapes: ReadonlyMap<string, Shape>,
  teacher: Teacher,
): ComparedHeads {
  const shared = ({ features }: RawHead) =>
    shapes.get(features)?.join() === teacher.shapes.get(features)?.join() ? [features] : [];
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  return {
    heads: found.map(({ value }) => ({ value, dims: shapes.get(value) ?? [], scores: scores.has(value) })),
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
