import { inspect } from 'node:util';

import { EngineError } from '../../errors';

/** Longest list of numbers that is the label of one sample. */
const longest = 2 ** 20;

/**
 * Turns a value of a table or of JSON into a label: a number, a list of numbers, or a class's name.
 * @param name the sample's name in messages
 * @param classes names of the classes in their order, if given
 * @throws EngineError `InvalidData` that names the sample
 */
export function labelOf(
  name: string,
  value: unknown,
  classes?: readonly string[],
): number | readonly number[] {
  const wrong = (why: string) =>
    new EngineError('InvalidData', `${name} has the label ${shown(value)}, ${why}`);
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value);
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string') {
    const number = classes?.indexOf(value) ?? -1;
    if (number >= 0) return number;
    if (/^-?\d{1,15}$/.test(value)) return Number(value);
    throw wrong(
      classes ? 'which is not among classes' : 'which is a name: set classes to all names, in order',
    );
  }
  const isList = Array.isArray(value) || ArrayBuffer.isView(value);
  const list: unknown[] = isList ? Array.from(value as ArrayLike<unknown>) : [];
  if (
    !list.length ||
    list.length > longest ||
    list.some((one) => !['number', 'bigint', 'boolean'].includes(typeof one))
  )
    throw wrong('which is not a number, a list of numbers, or the name of a class');
  return list.map(Number);
}

/** Shows a value in a few words. */
function shown(value: unknown): string {
  const text = inspect(value, { depth: 1, breakLength: Infinity, maxArrayLength: 10, maxStringLength: 100 });
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
