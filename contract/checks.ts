/*
 * Checks of JSON that comes from outside a workflow: rows of functions, since a schema library is large and workflow code
 * is loaded into every execution. Pure, and the same on every machine.
 */

/** A fault of a value: the field in it (empty for the value itself), and what it must be. */
export interface Fault {
  readonly field: string;
  readonly must: string;
}
/** Finds the first fault of a value; undefined if there is none. */
export type Check = (value: unknown) => Fault | undefined;
/** The checks of an object's fields: one for each field of `T`. */
export type Fields<T> = { readonly [Name in keyof Required<T>]: Check };

/** Makes a check of a condition. @param must what a value must be, in words that follow `must` */
export const be =
  (must: string, holds: (value: unknown) => boolean): Check =>
  (value) =>
    holds(value) ? undefined : { field: '', must };

/** Lets a field be left out. */
export const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined ? undefined : check(value);

/** Lets a field be null. */
export const nullable =
  (check: Check): Check =>
  (value) =>
    value === null ? undefined : check(value);

export const isText = (value: unknown, most: number): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= most;
export const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value);

export const text = (most: number): Check =>
  be(`be text of 1 to ${most} characters`, (value) => isText(value, most));
export const flag = be('be true or false', (value) => typeof value === 'boolean');
export const number = be('be a number', isNumber);
export const positive = be('be a number above 0', (value) => isNumber(value) && value > 0);
export const unsigned = be('be a number, 0 or more', (value) => isNumber(value) && value >= 0);
export const ratio = be(
  'be a number above 0 and below 1',
  (value) => isNumber(value) && value > 0 && value < 1,
);
export const whole = be(
  'be a whole number, 0 or more',
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
);
export const count = be(
  'be a whole number, 1 or more',
  (value) => Number.isSafeInteger(value) && Number(value) >= 1,
);
export const choice = (names: readonly unknown[]): Check =>
  be(`be one of ${names.join(', ')}`, (value) => names.includes(value));

/** Checks every entry of a list. */
export const list =
  (entry: Check, least = 0): Check =>
  (value) => {
    if (!Array.isArray(value) || value.length < least)
      return { field: '', must: least ? `be a list of ${least} or more` : 'be a list' };
    for (const [at, one] of value.entries()) {
      const fault = entry(one);
      if (fault) return within(`[${at}]`, fault);
    }
    return undefined;
  };

/** Checks every value of an object with any names. */
export const record =
  (entry: Check): Check =>
  (value) => {
    if (!isObject(value)) return { field: '', must: 'be an object' };
    for (const [name, one] of Object.entries(value)) {
      const fault = entry(one);
      if (fault) return within(name, fault);
    }
    return undefined;
  };

/** Checks an object field by field; it must have no others. */
export const shape =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value) => {
    if (!isObject(value))
      return { field: '', must: `be one object with the fields ${Object.keys(fields).join(', ')}` };
    const unknown = Object.keys(value).find((name) => !Object.hasOwn(fields, name));
    if (unknown !== undefined)
      return { field: unknown.slice(0, 100), must: 'be left out: there is no such field' };
    for (const [name, check] of Object.entries(fields)) {
      const fault = check(Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined);
      if (fault) return within(name, fault);
    }
    return undefined;
  };

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const within = (name: string, { field, must }: Fault): Fault => ({
  field: `${name.slice(0, 100)}${field && !field.startsWith('[') ? '.' : ''}${field}`,
  must,
});
