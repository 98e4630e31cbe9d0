/**
 * Makes a table that is looked into by names which others choose, such as those of operators and layers: it has its own
 * rows alone, and none for `constructor` or `__proto__`, which every object inherits.
 */
export const table = <Row>(rows: Readonly<Record<string, Row>>): Readonly<Record<string, Row>> =>
  Object.freeze(Object.assign(Object.create(null) as Record<string, Row>, rows));

/** Returns an object's own value of a name; undefined if it has none. */
export const own = <Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;
