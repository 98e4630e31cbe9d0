import { signatures } from '../../../engine/linalg/cuda-library';
import { cusolverBackend } from '../../../engine/linalg/cusolver';
import { matrixOf, timesTransposed, transposed } from '../../../engine/linalg/matrix';
import { rebuilt, farthest, randomMatrix, skewness, times } from '../../support/backends';
import { FakeCuda } from '../../support/fake-cuda';

/** The numbers of a real GPU are tested by backends.test.ts, on machines that have one. */
describe('what cuSOLVER is given', () => {
  const cuda = new FakeCuda();
  const library = cusolverBackend(cuda.library);

  it.each([
    [4, 7],
    [7, 4],
    [5, 5],
    [1, 3],
  ])('decomposes [%d, %d] as a tall column-major matrix', async (rows, columns) => {
    const matrix = randomMatrix(rows, columns, rows);
    const { u, s, v } = await library.svd(matrix);
    expect(farthest(rebuilt({ u, s, v }), matrix)).toBeLessThan(1e-12);
    expect(Math.max(skewness(u), skewness(v))).toBeLessThan(1e-12);
  });

  it('takes eigenvalues as they come, ascending, and gives them descending', async () => {
    const gram = timesTransposed(randomMatrix(6, 9, 1), randomMatrix(6, 9, 1));
    const { values, vectors } = await library.eigh(gram);
    expect(farthest(rebuilt({ u: vectors, s: values, v: vectors }), gram)).toBeLessThan(1e-12);
    expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => b - a));
  });

  it('solves equations, with a ridge where a pivot fails', async () => {
    const a = randomMatrix(8, 20, 2);
    const x = randomMatrix(8, 3, 3);
    const gram = timesTransposed(a, a);
    expect(farthest(await library.solve(gram, times(gram, x)), x)).toBeLessThan(1e-10);
    const twins = matrixOf(2, 2, Float64Array.of(1, 1, 1, 1));
    expect(
      farthest(
        await library.solve(twins, matrixOf(2, 1, Float64Array.of(2, 2))),
        matrixOf(2, 1, Float64Array.of(1, 1)),
      ),
    ).toBeLessThan(1e-6);
  });

  it('multiplies by the first columns of either matrix', async () => {
    const [a, b] = [randomMatrix(4, 6, 1), randomMatrix(7, 6, 2)];
    for (const depth of [6, 2]) {
      const product = await library.timesTransposed(a, b, depth);
      expect(farthest(product, timesTransposed(a, b, depth))).toBeLessThan(1e-13);
    }
  });

  it('runs concurrent calls one after the other on its one handle', async () => {
    const matrices = [1, 2, 3].map((seed) => randomMatrix(5, 6, seed));
    const found = await Promise.all(matrices.map((matrix) => library.svd(matrix)));
    found.forEach(({ u, s, v }, at) =>
      expect(farthest(rebuilt({ u, s, v }), matrices[at])).toBeLessThan(1e-12),
    );
  });

  it('gives all memory back, also after a failure, which it words', async () => {
    cuda.failing = { name: 'cudaMalloc', status: 2 };
    await expect(library.svd(randomMatrix(512, 512, 1))).rejects.toThrow(
      /the GPU has less than 2 MiB free; set the back end/,
    );
    cuda.failing = { name: 'cusolverDnDgesvd', status: 7 };
    await expect(library.svd(randomMatrix(3, 3, 1))).rejects.toThrow(/cusolverDnDgesvd returned status 7/);
    cuda.failing = undefined;
    await library.svd(transposed(randomMatrix(3, 2, 1)));
    expect(cuda.held).toBe(0);
  });

  it('counts its parameters as the headers do', () => {
    const counts = Object.fromEntries(
      Object.entries(signatures).map(([name, types]) => [name, types.length]),
    );
    expect(counts).toMatchObject({
      cusolverDnDgesvd: 16,
      cusolverDnDsyevd: 10,
      cusolverDnDpotrf: 8,
      cusolverDnDpotrs: 9,
      cublasDgemm_v2: 14,
    });
  });
});
