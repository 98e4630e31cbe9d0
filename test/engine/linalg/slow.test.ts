import { describeLinearAlgebra } from '../../../engine/linalg/choose';
import { slowLinearAlgebra } from '../../../engine/linalg/slow';

const { SLIMFLOW_LAPACK } = process.env;
afterEach(() => {
  if (SLIMFLOW_LAPACK === undefined) delete process.env.SLIMFLOW_LAPACK;
  else process.env.SLIMFLOW_LAPACK = SLIMFLOW_LAPACK;
});

const digits = [{ name: 'c1', params: 36_864 }];
/** The convolution of tensorly/torch #32: 1024 to 512 channels, 3x3x3. */
const large = [...digits, { name: 'c3d', params: 1024 * 512 * 27 }];

it('warns of large layers without a native library, names the largest and says how to get one', () => {
  process.env.SLIMFLOW_LAPACK = '/nowhere/lapack.so';
  expect(slowLinearAlgebra(large, 'auto')).toEqual([
    expect.stringMatching(/^layers as large as c3d \(14155776 parameters\) .* SLIMFLOW_LAPACK is set to/),
  ]);
  expect(slowLinearAlgebra(digits, 'auto')).toEqual([]);
  expect(slowLinearAlgebra(large, 'ml-matrix')).toEqual([]);
});

it('does not warn if there is one', () => {
  expect(describeLinearAlgebra().chosen).not.toBe('ml-matrix');
  expect(slowLinearAlgebra(large, 'auto')).toEqual([]);
});
