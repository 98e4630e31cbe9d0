import { EngineError } from '../errors';
import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';

/**
 * A layer's ms as a function of its units, from a few measured points: monotone by isotonic regression (pool adjacent
 * violators), since more units cost less only by noise; linear between the points; constant beyond them, so that no
 * saving is promised that was not measured.
 */
export class LatencyCurve {
  private readonly points: readonly { readonly units: number; readonly ms: number }[];

  /** @throws RangeError without points */
  constructor(points: readonly { readonly units: number; readonly ms: number }[]) {
    if (!points.length) throw new RangeError('a latency curve needs at least one measured point');
    const sorted = [...points].sort((a, b) => a.units - b.units);
    const fitted = isotonic(sorted.map(({ ms }) => ms));
    this.points = sorted.map(({ units }, at) => ({ units, ms: fitted[at] }));
  }

  ms(units: number): number {
    const above = this.points.findIndex((point) => point.units >= units);
    if (above < 0) return this.points[this.points.length - 1].ms;
    const [low, high] = [this.points[Math.max(0, above - 1)], this.points[above]];
    if (high.units === units || low.units === high.units) return high.ms;
    if (above === 0) return high.ms;
    return low.ms + ((high.ms - low.ms) * (units - low.units)) / (high.units - low.units);
  }
}

/**
 * Fits the nearest non-decreasing sequence to `values` by least squares: neighbours in the wrong order become their
 * mean.
 */
export function isotonic(values: readonly number[]): number[] {
  const blocks: { sum: number; size: number }[] = [];
  for (const value of values) {
    blocks.push({ sum: value, size: 1 });
    for (let last = blocks.length - 1; last > 0; last--) {
      const [before, after] = [blocks[last - 1], blocks[last]];
      if (before.sum / before.size <= after.sum / after.size) break;
      blocks.splice(last - 1, 2, { sum: before.sum + after.sum, size: before.size + after.size });
    }
  }
  return blocks.flatMap(({ sum, size }) => Array<number>(size).fill(sum / size));
}

/**
 * Extracts a layer of a network as a graph of its own, from its input to its output.
 * @throws EngineError `UnsupportedModel` if the layer reads only constants
 */
export function layerAlone(graph: Graph, { node, name }: Layer, shapes: Shapes): Graph {
  const input = node.input.find((value) => value && !graph.isConstant(value));
  if (!input)
    throw new EngineError('UnsupportedModel', `layer ${name} reads only constants, so it cannot be timed`);
  return extract(graph, [input], [node.output[0]], shapes);
}
