import type { BackendChoice } from '../names';
import { describeLinearAlgebra } from './choose';

/**
 * Seconds of one core that ml-matrix takes to decompose a square matrix, by the 1.5th power of its elements: measured by
 * `npm run bench:linalg` for 512 x 512 and 768 x 768.
 */
const secondsPerCube = 2.5e-8;

/** Seconds from which on a wait is worth a word. */
const long = 10;

/**
 * Tells, before anything long begins, how long it takes to decompose large layers in plain JavaScript, if nothing faster
 * is available or asked for.
 * @param layers their names and parameters
 * @returns a sentence with the remedy, or none if it does not take long
 */
export function slowLinearAlgebra(
  layers: readonly { readonly name: string; readonly params: number }[],
  choice: BackendChoice,
): string[] {
  const seconds = secondsPerCube * layers.reduce((sum, { params }) => sum + params ** 1.5, 0);
  if (seconds < long) return [];
  const { chosen, backends } = describeLinearAlgebra();
  if ((choice === 'auto' ? chosen : choice) !== 'ml-matrix') return [];
  const [largest] = [...layers].sort((a, b) => b.params - a.params);
  const ofFaster = backends.filter(({ name }) => name === 'faer' || name === 'lapack');
  const remedy =
    choice === 'auto'
      ? ofFaster.map(({ name, detail }) => `${name}: ${detail}`).join('; ')
      : 'set linear algebra to auto';
  return [
    `layers are decomposed in JavaScript here, by ml-matrix, which takes up to ${duration(seconds)} of one core each time that all of them are; the largest is ${largest.name} (${largest.params} parameters). To be faster: ${remedy}`,
  ];
}

const duration = (seconds: number): string =>
  seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} minutes`;
