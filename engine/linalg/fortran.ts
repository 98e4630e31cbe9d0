/**
 * Fortran's calling convention as C compilers see it: every argument by reference, the lengths of strings by value at
 * the end.
 */

/**
 * An integer by reference. Eight bytes, so that a library of 64-bit integers reads it as well as one of 32-bit
 * integers, which takes the first four: all processors that Node runs on are little-endian.
 */
export const integer = (value: number): BigInt64Array => BigInt64Array.of(BigInt(value));

/** What either kind of library wrote to an `integer`. */
export const read = (reference: BigInt64Array): number => new Int32Array(reference.buffer)[0];

/** A work area of integers of either kind. */
export const integers = (length: number): BigInt64Array => new BigInt64Array(length);

/** A one-letter string by reference; its length, 1, goes last. */
export const letter = (value: string): Uint8Array => Buffer.from(value);

/** The types of a routine's parameters: so many by reference, then the lengths of so many strings. */
export const parameters = (references: number, strings: number): string[] => [
  ...Array<string>(references).fill('void *'),
  ...Array<string>(strings).fill('size_t'),
];

/**
 * The names by which libraries export a routine: GNU's with an underscore, plain ones of Windows, `scipy_` of SciPy's
 * OpenBLAS, `64_` of builds with 64-bit integers.
 */
export const symbolNames = (routine: string): string[] =>
  ['', 'scipy_'].flatMap((prefix) =>
    ['_', '', '_64_', '64_'].map((suffix) => `${prefix}${routine}${suffix}`),
  );
