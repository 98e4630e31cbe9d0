import { linearAlgebra } from '../../../engine/linalg/choose';
import { WholeSvd } from '../../../engine/svd/low-rank';
import { Projection } from '../../../engine/svd/projection';
import { floats } from '../../../engine/tensor/tensor';
import { distance, randoms } from '../../support/graphs';

const library = linearAlgebra({ threads: 1 });
const ranks = [1, 3, 6];

describe.each([
  ['wide', [6, 35], { rows: [0], columns: [1] }],
  ['tall', [6, 35], { rows: [1], columns: [0] }],
  ['a kernel', [5, 2, 3, 4], { rows: [1, 2], columns: [0, 3] }],
])('a large weight, %s', (_, dims, axes) => {
  const weight = randoms(dims, 1);
  /** 35 columns in blocks of 4 and a rest of 3. */
  const both = async () =>
    [await WholeSvd.of(weight, axes, library), await Projection.of(() => weight, axes, library, 25)] as const;

  it('has the singular values, weights and factors that it has as a whole', async () => {
    const [whole, large] = await both();
    expect(large.maxRank).toBe(whole.maxRank);
    const values = [whole, large].map(({ singularValues }) => floats([6], Float32Array.from(singularValues)));
    expect(distance(values[1], values[0])).toBeLessThan(1e-5);
    for (const rank of ranks) {
      expect(distance(await large.weight(rank, library), await whole.weight(rank, library))).toBeLessThan(
        1e-5,
      );
      // Singular vectors have either sign: what counts is the product.
      const products = [await whole.factors(rank), await large.factors(rank, library)].map(
        ({ input, output }) => {
          const [rows, columns] = [input.length / rank, output.length / rank];
          return floats(
            [rows, columns],
            Float32Array.from({ length: rows * columns }, (__, at) => {
              let sum = 0;
              for (let k = 0; k < rank; k++)
                sum += input[Math.floor(at / columns) * rank + k] * output[k * columns + (at % columns)];
              return sum;
            }),
          );
        },
      );
      expect(distance(products[1], products[0])).toBeLessThan(1e-5);
    }
  });

  it('is kept by its shorter side alone, and read again where it is restored', async () => {
    const [, large] = await both();
    const kept = large.toTensors();
    expect([...kept.keys()]).toEqual(['u', 's', 'dims']);
    expect(kept.get('u')!.dims).toEqual([6, 6]);
    let reads = 0;
    const restored = Projection.fromTensors(kept, dims, axes, () => (reads++, weight));
    expect(reads).toBe(0);
    expect(await restored.weight(2, library)).toEqual(await large.weight(2, library));
  });

  it('refuses what was kept of another', async () => {
    const [, large] = await both();
    const other = dims.map((dim) => dim + 1);
    expect(() => Projection.fromTensors(large.toTensors(), other, axes, () => weight)).toThrow(
      /stored factors are of a weight/,
    );
  });
});

it('a large weight of zeros has factors of zeros', async () => {
  const large = await Projection.of(() => floats([3, 8]), { rows: [0], columns: [1] }, library);
  const { input, output } = await large.factors(2, library);
  expect([...input, ...output].every((value) => value === 0)).toBe(true);
});
