import { describeLinearAlgebra } from '../../../engine/linalg/choose';
import { slowLinearAlgebra } from '../../../engine/linalg/slow';

const { SLIMFLOW_LAPACK } = process.env;
const globals = globalThis as { WebAssembly?: unknown };
const { WebAssembly } = globals;
beforeEach(() => {
  process.env.SLIMFLOW_LAPACK = '/nowhere/lapack.so';
});
afterEach(() => {
  globals.WebAssembly = WebAssembly;
  if (SLIMFLOW_LAPACK === undefined) delete process.env.SLIMFLOW_LAPACK;
  else process.env.SLIMFLOW_LAPACK = SLIMFLOW_LAPACK;
});

const digits = [{ name: 'c1', params: 36_864 }];
/** The convolution of tensorly/torch #32: 1024 to 512 channels, 3x3x3. */
const large = [...digits, { name: 'c3d', params: 1024 * 512 * 27 }];

it('says how long large layers take if JavaScript must decompose them, and what would be faster', () => {
  globals.WebAssembly = undefined;
  expect(describeLinearAlgebra().chosen).toBe('ml-matrix');
  const [told, ...others] = slowLinearAlgebra(large, 'auto');
  expect(others).toEqual([]);
  // 3763³ · 2.5e-8 s
  expect(told).toMatch(/takes up to 22 minutes of one core .* largest is c3d \(14155776 parameters\)/);
  expect(told).toMatch(/lapack: SLIMFLOW_LAPACK is set to .*; faer: .*without --jitless/);
  expect(slowLinearAlgebra(digits, 'auto')).toEqual([]);
});

it('says so too if ml-matrix was asked for', () => {
  expect(slowLinearAlgebra(large, 'ml-matrix')).toEqual([expect.stringMatching(/22 minutes.*to auto$/)]);
  expect(slowLinearAlgebra(digits, 'ml-matrix')).toEqual([]);
});

it('says nothing if anything faster is there, as WebAssembly always is', () => {
  expect(['cusolver', 'faer']).toContain(describeLinearAlgebra().chosen);
  expect(slowLinearAlgebra(large, 'auto')).toEqual([]);
});
