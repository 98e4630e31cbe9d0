import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { callWasm, wasmFile } from '../../../engine/linalg/wasm-module';
import { root } from '../../support/paths';
import { randomMatrix } from '../../support/backends';

/** The types that TypeScript knows from browsers only. */
interface Wasm {
  readonly Module: { new (bytes: Uint8Array): object; imports(module: object): unknown[] };
}

it('is the module that its crate was built to, and needs nothing of its surroundings', () => {
  const bytes = readFileSync(wasmFile);
  const sources = readFileSync(join(root, 'engine', 'linalg', 'wasm', 'src', 'lib.rs'));
  // A changed crate needs `npm run build:wasm`, which prints the first of these digests.
  expect([bytes, sources].map((file) => createHash('sha256').update(file).digest('hex'))).toEqual([
    'c5703858a96df9b6ae0b8a1cd43215b9f0e3757bd514e20d61556836d84be201',
    '425d1aec5a970456798fd3637909d7623516eff5b5ec930cb9c67c837ec9f71a',
  ]);
  const { Module } = (globalThis as unknown as { WebAssembly: Wasm }).WebAssembly;
  expect(Module.imports(new Module(bytes))).toEqual([]);
});

it('computes the same bits in every instance, after large matrices and small ones', () => {
  const [small, large] = [randomMatrix(30, 30, 1), randomMatrix(1200, 1200, 2)];
  const eigenvalues = ({ rows, data }: typeof small): Float64Array => {
    const values = new Float64Array(rows);
    const vectors = new Float64Array(rows * rows);
    expect(callWasm('syevd', [rows, { in: data }, { out: values }, { out: vectors }])).toBe(0);
    return values;
  };
  const before = eigenvalues(small);
  const product = new Float64Array(1200 * 1200);
  const { data } = large;
  // Its buffers outgrow what an instance may keep, so the next call gets another one.
  callWasm('gemm', [1200, 1200, 1200, 1200, { in: data }, { in: data }, { out: product }]);
  callWasm('gemm', [1200, 1200, 8, 1200, { in: data }, { in: data }, { out: product.fill(NaN) }]);
  let expected = 0;
  for (let k = 0; k < 8; k++) expected += data[5 * 1200 + k] * data[7 * 1200 + k];
  expect(product[7 * 1200 + 5]).toBeCloseTo(expected, 12);
  expect(eigenvalues(small)).toEqual(before);
});
