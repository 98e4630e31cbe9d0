import { EngineError } from '../errors';
import type { Graph, ValueInfo } from './graph';
import type { Dim } from './dims';

/** The shape of the first input, or shapes by input name; the batch first. */
export type InputSize = readonly number[] | Readonly<Record<string, readonly number[]>>;

const shown = (dims: readonly Dim[]) => `[${dims.map((dim) => dim ?? '?').join(', ')}]`;

/**
 * Has shape inference assume `inputSize` where the model leaves the size of an input open. The model itself keeps its
 * open dimensions, and the batch stays open in shapes too.
 * @throws EngineError `InvalidSettings` where a size is none, or the model fixes another.
 */
export function assumeSizes(graph: Graph, inputSize: InputSize, model = 'the model'): void {
  const inputs = graph.inputs;
  const given = Array.isArray(inputSize) ? { [inputs[0]?.name ?? '']: inputSize as number[] } : inputSize;
  const sizes = new Map<string, readonly number[]>();
  for (const [name, size] of Object.entries(given as Record<string, readonly number[]>)) {
    const input = inputs.find((other) => other.name === name);
    if (!input) {
      const names = inputs.map((other) => other.name).join(', ');
      throw new EngineError(
        'InvalidSettings',
        `inputSize names ${name}, which is no input of ${model}; it has ${names}`,
      );
    }
    checkSize(input, size, model);
    sizes.set(name, size);
  }
  graph.context = { ...graph.context, inputSizes: sizes };
}

function checkSize({ name, dims }: ValueInfo, size: readonly number[], model: string): void {
  const refused = (why: string) =>
    new EngineError(
      'InvalidSettings',
      `inputSize ${shown(size)} does not fit input ${name} of ${model}: ${why}`,
    );
  if (!size.length || !size.every((dim) => Number.isSafeInteger(dim) && dim > 0))
    throw refused('a size is made of whole numbers from 1');
  if (!dims) return;
  if (dims.length !== size.length) throw refused(`it has ${dims.length} dimensions, ${shown(dims)}`);
  const symbols = new Map<string, number>();
  dims.forEach((dim, axis) => {
    if (typeof dim === 'number' && dim !== size[axis])
      throw refused(`dimension ${axis} is fixed at ${dim}: it takes ${shown(dims)}`);
    if (typeof dim !== 'string') return;
    if ((symbols.get(dim) ?? size[axis]) !== size[axis])
      throw refused(`its dimensions named ${dim} must be equal: it takes ${shown(dims)}`);
    symbols.set(dim, size[axis]);
  });
}
