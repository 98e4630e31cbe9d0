import { columnMajorBackend, type Routines } from './column-major';
import type { LinearAlgebra } from './linear-algebra';
import { mlMatrix } from './ml-matrix';
import { transposed } from './matrix';
import { limits } from '../tensor/limits';
import { callWasm } from './wasm-module';

/** Version of the crate that engine/linalg/wasm/Cargo.toml asks for. */
const version = '0.24.4';

/**
 * Routines over faer in WebAssembly. They block their thread, and use no other: the same matrix gives the same bits on any
 * machine.
 */
const routines: Routines = {
  async gesvd({ rows, columns, data }) {
    const [u, s, v] = [rows * columns, columns, columns * columns].map((length) => new Float64Array(length));
    const info = callWasm('gesvd', [rows, columns, { in: data }, { out: u }, { out: s }, { out: v }]);
    return { u, s, vt: transposed({ rows: columns, columns, data: v }).data, info };
  },
  async syevd(n, a) {
    const values = new Float64Array(n);
    const info = callWasm('syevd', [n, { in: a.slice() }, { out: values }, { out: a }]);
    return { values, info };
  },
  potrf: async (n, a) => ({ info: callWasm('potrf', [n, { inout: a }]) }),
  potrs: async (n, factor, columns, rhs) => ({
    info: callWasm('potrs', [n, { in: factor }, columns, { inout: rhs }]),
  }),
  async gemm({ m, n, depth, leading }, x, y) {
    const out = new Float64Array(m * n);
    callWasm('gemm', [m, n, depth, leading, { in: x }, { in: y }, { out }]);
    return out;
  },
};

/** Tells if `numbers` of float64, buffers and work areas together, fit in WebAssembly's memory. */
const fits = (numbers: number): boolean => 8 * numbers <= limits.wasm;

const own = columnMajorBackend('faer', `faer ${version} (WebAssembly), 1 thread`, routines);

/**
 * Back end over faer in WebAssembly, available wherever Node runs. A matrix whose decomposition takes more than 4 GiB is decomposed
 * by ml-matrix.
 */
export const faer: LinearAlgebra = {
  ...own,
  svd(matrix) {
    const [long, short] = [Math.max(matrix.rows, matrix.columns), Math.min(matrix.rows, matrix.columns)];
    return (fits(3 * long * short + 6 * short * short) ? own : mlMatrix).svd(matrix);
  },
  eigh: (matrix) => (fits(5 * matrix.rows ** 2) ? own : mlMatrix).eigh(matrix),
  solve: (spd, rhs) => (fits(spd.data.length + rhs.data.length) ? own : mlMatrix).solve(spd, rhs),
  timesTransposed: (a, b, depth) =>
    (fits(a.data.length + b.data.length + a.rows * b.rows) ? own : mlMatrix).timesTransposed(a, b, depth),
};
