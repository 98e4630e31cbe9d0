import type { Graph } from '../onnx/graph';
import { sizeOf } from '../tensor/tensor';
import type { Pieces } from './loop/state';
import type { TrainingSettings } from './settings';
import type { Shape } from './emit/batch-shapes';
import type { TrainingStep } from './step/step';

/** Operators whose results share their inputs' memory. */
const views = new Set(['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Identity', 'Dropout']);

/**
 * Floats that a step holds for each float of the forward pass, and for each of its largest value, of which the gradient
 * of a convolution's weight makes copies; measured (docs/training.md).
 */
const [perValue, perLargest] = [1.6, 24];
/** Copies of all vectors: in, out, and the caller's; and of the parameters: gradients and values derived from them. */
const [ofVectors, ofParameters] = [3, 4];

/** Memory of a step. */
export interface Footprint {
  /** Bytes that do not depend on the batch. */
  readonly fixed: number;
  /** Bytes per image. */
  readonly perImage: number;
}

/** Estimates, from the shapes of the forward pass, the memory that a training step takes on the CPU. */
export function footprintOf(
  graph: Graph,
  shapes: ReadonlyMap<string, Shape>,
  { vectors, parameters }: Pick<TrainingStep, 'vectors' | 'parameters'>,
): Footprint {
  const values = graph.nodes.filter(({ opType }) => !views.has(opType)).flatMap(({ output }) => output);
  const sizes = values.flatMap((value) => {
    const shape = shapes.get(value) ?? [];
    return shape.includes(-1) ? [sizeOf(shape.filter((dim) => dim !== -1))] : [];
  });
  const sum = sizes.reduce((a, b) => a + b, 0);
  const state = vectors.reduce((all, { size }) => all + size, 0);
  return {
    fixed: 4 * (ofVectors * state + ofParameters * parameters.size),
    perImage: 4 * (perValue * sum + perLargest * Math.max(0, ...sizes)),
  };
}

/** Returns the bytes of a step on a number of images at once. */
export const bytesOf = ({ fixed, perImage }: Footprint, images: number): number => fixed + perImage * images;

/** Returns the images to compute at once: all, or as few as fit into `free` bytes by halving, but at least one. */
export function fittingPiece(footprint: Footprint, batch: number, free: number): number {
  let size = batch;
  while (size > 1 && bytesOf(footprint, size) > free) size = Math.ceil(size / 2);
  return size;
}

const toMiB = (bytes: number) => Math.ceil(bytes / 2 ** 20);

/** Returns the pieces that batches are computed in from the start: those requested, or smaller ones that fit. */
export function piecesFor(
  footprint: Footprint,
  { batch, microBatch = batch }: Pick<TrainingSettings, 'batch' | 'microBatch'>,
  samples: number,
  free: number,
): Omit<Pieces, 'since'> | undefined {
  const asked = Math.min(microBatch, batch, samples);
  const size = fittingPiece(footprint, asked, free);
  if (size < asked)
    return { size, foreseen: { needed: toMiB(bytesOf(footprint, asked)), free: toMiB(free) } };
  return microBatch < batch ? { size: microBatch } : undefined;
}
