import type { BackendChoice } from '../names';
import { describeLinearAlgebra } from './choose';

/**
 * Cube of a layer's size, as a square matrix of its parameters, summed over layers, from which JavaScript takes about ten
 * seconds more than LAPACK: decompositions and solves are cubic.
 */
const long = 3e9;

/**
 * Warns, before anything long begins, that layers are large and that no native library was found to decompose them.
 * @param layers their names and parameters
 * @returns a sentence with the remedy, or none if a native library is there, or ml-matrix was asked for
 */
export function slowLinearAlgebra(
  layers: readonly { readonly name: string; readonly params: number }[],
  choice: BackendChoice,
): string[] {
  if (choice !== 'auto' || layers.reduce((sum, { params }) => sum + params ** 1.5, 0) < long) return [];
  const { chosen, backends } = describeLinearAlgebra();
  if (chosen !== 'ml-matrix') return [];
  const [largest] = [...layers].sort((a, b) => b.params - a.params);
  const { detail } = backends.find(({ name }) => name === 'lapack')!;
  return [
    `layers as large as ${largest.name} (${largest.params} parameters) are decomposed in JavaScript here, 3 to 18 times as slowly as by LAPACK: ${detail}`,
  ];
}
