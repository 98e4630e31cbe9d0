/**
 * Fortran's calling convention as C compilers see it: every argument by reference, the lengths of strings by value at
 * the end.
 */

/**
 * Passes an integer by reference. It is eight bytes long, so that a library with 64-bit integers reads it as well as
 * one with 32-bit integers, which takes the first four: all processors that Node runs on are little-endian.
 */
export const integer = (value: number): BigInt64Array => BigInt64Array.of(BigInt(value));

/** Reads an `integer` that a library of either kind has written. */
export const read = (reference: BigInt64Array): number => new Int32Array(reference.buffer)[0];

/** Allocates a work area of integers of either kind. */
export const integers = (length: number): BigInt64Array => new BigInt64Array(length);

/** Passes a one-letter string by reference; its length, 1, goes last. */
export const letter = (value: string): Uint8Array => Buffer.from(value);

/** Lists the types of a routine's parameters: `references` pointers, then the lengths of `strings` strings. */
export const parameters = (references: number, strings: number): string[] => [
  ...Array<string>(references).fill('void *'),
  ...Array<string>(strings).fill('size_t'),
];

/**
 * Names under which libraries export a routine: GNU's with an underscore, Windows' plain ones, `scipy_` of SciPy's
 * OpenBLAS, `64_` of builds with 64-bit integers.
 */
export const symbolNames = (routine: string): string[] =>
  ['', 'scipy_'].flatMap((prefix) =>
    ['_', '', '_64_', '64_'].map((suffix) => `${prefix}${routine}${suffix}`),
  );
