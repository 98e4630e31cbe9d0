import fc from 'fast-check';

import { EngineError } from '../../../engine/errors';
import { linearAlgebra } from '../../../engine/linalg/choose';
import type { LinearAlgebra } from '../../../engine/linalg/linear-algebra';
import { type Matrix, matrixOf, timesTransposed, transposed } from '../../../engine/linalg/matrix';
import { rebuilt, absent, farthest, present, randomMatrix, skewness, times } from '../../support/backends';

const size = fc.integer({ min: 1, max: 14 });
const kinds = ['full', 'deficient', 'repeated', 'zero'] as const;

/** Matrices of every aspect, rank and scale. */
const matrices: fc.Arbitrary<Matrix> = fc
  .record({
    rows: size,
    columns: fc.oneof(size, fc.constant(40)),
    seed: fc.integer(),
    kind: fc.constantFrom(...kinds),
    scale: fc.constantFrom(1, 1e-30, 1e30, 1e-150, 1e150, 1e-310),
    tall: fc.boolean(),
  })
  .map(({ rows, columns, seed, kind, scale, tall }) => {
    const inner = Math.max(1, Math.floor(Math.min(rows, columns) / 2));
    const made = {
      full: () => randomMatrix(rows, columns, seed),
      deficient: () => times(randomMatrix(rows, inner, seed), randomMatrix(inner, columns, seed + 1)),
      repeated: () => matrixOf(rows, columns, new Float64Array(rows * columns).fill(1)),
      zero: () => matrixOf(rows, columns),
    }[kind]();
    const scaled = matrixOf(
      rows,
      columns,
      made.data.map((value) => value * scale),
    );
    return tall ? transposed(scaled) : scaled;
  });

const check = (property: fc.IAsyncProperty<[Matrix]>) => fc.assert(property, { numRuns: 80, seed: 4 });

describe.each(present.map((library) => [library.name, library] as const))('%s', (_, library) => {
  it('says what it is', () => {
    expect(library.describe()).toMatch(/\w/);
  });

  it('decomposes any matrix: U·S·Vᵀ is it, U and V orthonormal, S descending', async () => {
    await check(
      fc.asyncProperty(matrices, async (matrix) => {
        const before = matrix.data.slice();
        const { u, s, v } = await library.svd(matrix);
        expect(matrix.data).toEqual(before);
        expect(farthest(rebuilt({ u, s, v }), matrix)).toBeLessThan(1e-10);
        expect(Math.max(skewness(u), skewness(v))).toBeLessThan(1e-10);
        expect(Array.from(s)).toEqual(Array.from(s).sort((a, b) => b - a));
        expect(s.at(-1)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('finds eigenvalues, descending, and orthonormal vectors of the upper triangle', async () => {
    await check(
      fc.asyncProperty(matrices, async (matrix) => {
        const gram = timesTransposed(matrix, matrix);
        const upper = matrixOf(gram.rows, gram.rows, gram.data.slice());
        for (let i = 0; i < gram.rows; i++) upper.data.fill(7, i * gram.rows, i * gram.rows + i);
        const { values, vectors } = await library.eigh(upper);
        expect(farthest(rebuilt({ u: vectors, s: values, v: vectors }), gram)).toBeLessThan(1e-10);
        expect(skewness(vectors)).toBeLessThan(1e-10);
        expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => b - a));
      }),
    );
  });

  it('decomposes several at once, as layers in parallel do', async () => {
    const layers = [1, 2, 3, 4, 5, 6].map((seed) => randomMatrix(40 + seed, 60, seed));
    const found = await Promise.all(layers.map((matrix) => library.svd(matrix)));
    found.forEach(({ u, s, v }, at) =>
      expect(farthest(rebuilt({ u, s, v }), layers[at])).toBeLessThan(1e-10),
    );
  });

  it('multiplies one matrix by another’s transpose, or the first columns of both', async () => {
    const [a, b] = [randomMatrix(5, 9, 1), randomMatrix(6, 9, 2)];
    for (const depth of [9, 1, 4]) {
      const columns = ({ rows, data }: Matrix) =>
        matrixOf(
          rows,
          depth,
          data.filter((_, at) => at % 9 < depth),
        );
      const expected = times(columns(a), transposed(columns(b)));
      expect(farthest(await library.timesTransposed(a, b, depth), expected)).toBeLessThan(1e-13);
    }
    await expect(library.timesTransposed(a, transposed(b))).rejects.toThrow(/cannot be multiplied/);
  });

  it('solves symmetric positive definite equations for several right-hand sides', async () => {
    const a = randomMatrix(30, 12, 1);
    const gram = timesTransposed(transposed(a), transposed(a));
    const x = randomMatrix(12, 5, 2);
    expect(farthest(await library.solve(gram, times(gram, x)), x)).toBeLessThan(1e-9);
  });

  it('solves normal equations of dependent unknowns, some of them dead, others large', async () => {
    const samples = randomMatrix(50, 6, 3);
    for (let row = 0; row < 50; row++) {
      samples.data[row * 6 + 2] = samples.data[row * 6]; // a twin
      samples.data[row * 6 + 3] = 0; // a dead channel
      samples.data[row * 6 + 5] = 1e4; // a constant
    }
    const y = times(samples, randomMatrix(6, 2, 4));
    const columns = transposed(samples);
    const x = await library.solve(timesTransposed(columns, columns), times(columns, y));
    expect(farthest(times(samples, x), y)).toBeLessThan(1e-5);
    expect(x.data.every((value) => Math.abs(value) < 10)).toBe(true);
  });

  it('refuses equations that no ridge makes positive definite', async () => {
    const indefinite = matrixOf(2, 2, Float64Array.of(1, 2, 2, 1));
    await expect(library.solve(indefinite, matrixOf(2, 1))).rejects.toThrow(/not positive definite/);
  });

  it.each([NaN, Infinity, -Infinity])('refuses %p before any iteration', async (bad) => {
    const matrix = matrixOf(2, 2, Float64Array.of(1, 0, 0, bad));
    const refused = expect.objectContaining({ code: 'InvalidModel' }) as EngineError;
    await expect(library.svd(matrix)).rejects.toEqual(refused);
    await expect(library.eigh(matrix)).rejects.toEqual(refused);
    await expect(library.solve(matrix, matrixOf(2, 1))).rejects.toEqual(refused);
  });
});

it('all that are there agree with each other', async () => {
  await check(
    fc.asyncProperty(matrices, async (matrix) => {
      const [first, ...others] = await Promise.all(present.map((library) => library.svd(matrix)));
      for (const other of others) {
        const product = ({ u, s, v }: typeof first) => rebuilt({ u, s, v });
        expect(farthest(product(other), product(first))).toBeLessThan(1e-5);
        other.s.forEach((value, k) =>
          expect(Math.abs(value - first.s[k])).toBeLessThanOrEqual(1e-10 * first.s[0]),
        );
      }
    }),
  );
});

it('native calls leave the event loop free', async () => {
  for (const library of present.filter(({ name }) => name === 'lapack' || name === 'cusolver')) {
    // The system may take the processor away for as long as a small matrix lasts; a call that blocks lets none turn.
    let turns = 0;
    for (let size = 200; turns < 2 && size <= 1600; size *= 2) turns = await turnsDuring(library, size);
    expect(turns).toBeGreaterThan(1);
  }
});

/** Counts turns of the event loop while a square matrix is decomposed. */
async function turnsDuring(library: LinearAlgebra, size: number): Promise<number> {
  let turns = 0;
  let done = false;
  const count = () => {
    turns++;
    if (!done) setImmediate(count);
  };
  setImmediate(count);
  await library.svd(randomMatrix(size, size, 5));
  done = true;
  return turns;
}

for (const { name, detail } of absent) {
  it(`${name} is not on this machine, and says why when asked for: ${detail}`, () => {
    console.warn(`not tried: linear algebra by ${name}: ${detail}`);
    const asked = () => linearAlgebra({ backend: name });
    expect(asked).toThrow(EngineError);
    expect(asked).toThrow(detail);
  });
}
