import { EngineError } from '../errors';
import type { InputSize } from '../names';
import type { Dim } from './dims';
import type { Graph, ValueInfo } from './graph';
import { imageInput } from './image-input';

export type { InputSize };

const shown = (dims: readonly Dim[]) => `[${dims.map((dim) => dim ?? '?').join(', ')}]`;

/**
 * Makes shape inference assume `inputSize` for input sizes that the model leaves open. The model itself keeps its open
 * dimensions, and the batch stays open in shapes too.
 * @throws EngineError `InvalidSettings` if a size is invalid, or the model fixes another
 */
export function assumeSizes(graph: Graph, inputSize: InputSize, model = 'the model'): void {
  const inputs = graph.inputs;
  const sizes = new Map<string, readonly number[]>();
  for (const [name, size] of sizesByInput(graph, inputSize)) {
    const input = inputs.find((other) => other.name === name);
    if (!input) {
      const names = inputs.map((other) => other.name).join(', ');
      throw new EngineError(
        'InvalidSettings',
        `inputSize names ${name}, which is not an input of ${model}; its inputs are ${names}`,
      );
    }
    checkSize(input, size, model);
    sizes.set(name, size);
  }
  graph.context = { ...graph.context, inputSizes: sizes };
}

/**
 * Sizes by input, the image input's where one alone is given. An image that was given a batch when the model was opened may
 * have its size without.
 */
export function sizesByInput(graph: Graph, size: InputSize): [string, readonly number[]][] {
  const { unbatched } = graph.context;
  const sizes = isOneSize(size) ? [[imageInput(graph).name, size] as const] : Object.entries(size);
  const rankOf = (name: string) => graph.inputs.find((input) => input.name === name)?.dims?.length;
  return sizes.map(([name, own]) => [
    name,
    name === unbatched && own.length + 1 === rankOf(name) ? [1, ...own] : own,
  ]);
}

const isOneSize = (size: InputSize): size is readonly number[] => Array.isArray(size);

function checkSize({ name, dims }: ValueInfo, size: readonly number[], model: string): void {
  const refused = (why: string) =>
    new EngineError(
      'InvalidSettings',
      `inputSize ${shown(size)} does not fit input ${name} of ${model}: ${why}`,
    );
  if (!size.length || !size.every((dim) => Number.isSafeInteger(dim) && dim > 0))
    throw refused('sizes must be whole numbers from 1');
  if (!dims) return;
  if (dims.length !== size.length) throw refused(`the input has ${dims.length} dimensions, ${shown(dims)}`);
  const symbols = new Map<string, number>();
  dims.forEach((dim, axis) => {
    if (typeof dim === 'number' && dim !== size[axis])
      throw refused(`dimension ${axis} is fixed at ${dim} in ${shown(dims)}`);
    if (typeof dim !== 'string') return;
    if ((symbols.get(dim) ?? size[axis]) !== size[axis])
      throw refused(`dimensions named ${dim} must be equal in ${shown(dims)}`);
    symbols.set(dim, size[axis]);
  });
}
