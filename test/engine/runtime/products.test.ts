import { faer } from '../../../engine/linalg/faer';
import { withFastProducts } from '../../../engine/runtime/products';
import { limits } from '../../../engine/tensor/limits';
import { farthest, randomMatrix } from '../../support/backends';

const { tensor } = limits;
afterEach(() => {
  limits.tensor = tensor;
});

it('multiplies large matrices by ONNX Runtime, with the same result but for rounding', async () => {
  const library = withFastProducts(faer, 1);
  const [a, b] = [randomMatrix(70, 90, 1), randomMatrix(80, 90, 2)];
  for (const depth of [90, 71]) {
    const [fast, own] = [await library.timesTransposed(a, b, depth), await faer.timesTransposed(a, b, depth)];
    expect(farthest(fast, own)).toBeLessThan(1e-13);
    expect(fast.data).not.toEqual(own.data);
  }
  const square = await library.timesTransposed(a, a);
  expect(farthest(square, await faer.timesTransposed(a, a))).toBeLessThan(1e-13);
  expect(library.describe()).toMatch(/^faer .*; large products by ONNX Runtime$/);
});

it('leaves to the library small products and those that ONNX Runtime takes from files only', async () => {
  const library = withFastProducts(faer, 1);
  const [a, b] = [randomMatrix(70, 90, 1), randomMatrix(80, 90, 2)];
  const [x, y] = [randomMatrix(7, 9, 1), randomMatrix(8, 9, 2)];
  expect(await library.timesTransposed(x, y)).toEqual(await faer.timesTransposed(x, y));
  limits.tensor = 8 * 70 * 90;
  expect(await library.timesTransposed(a, b)).toEqual(await faer.timesTransposed(a, b));
});

it('does not touch native libraries, which have fast products of their own', () => {
  const native = { ...faer, name: 'lapack' as const };
  expect(withFastProducts(native, 1)).toBe(native);
});
