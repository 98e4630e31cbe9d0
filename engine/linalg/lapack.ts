import { availableParallelism } from 'node:os';

import { columnMajorBackend, type Routines } from './column-major';
import { integer, integers, letter, read } from './fortran';
import type { LapackLibrary } from './lapack-library';
import type { LinearAlgebra } from './linear-algebra';
import type { NativeFunction } from './native';

/**
 * Back end over a native library's dgesdd, dsyevd, dpotrf and dpotrs (LAPACK) and dgemm (BLAS). Calls run on other
 * threads.
 * @param threads threads per call; all cores by default
 */
export function lapackBackend(library: LapackLibrary, threads = availableParallelism()): LinearAlgebra {
  const description = `LAPACK of ${library.version} (${library.path}), ${threads} thread${threads === 1 ? '' : 's'}`;
  return columnMajorBackend('lapack', description, routinesOf(library, threads));
}

function routinesOf(library: LapackLibrary, threads: number): Routines {
  const call = (routine: NativeFunction, args: readonly unknown[]) => {
    library.setThreads(threads);
    return routine.later(...args);
  };
  return {
    async gesvd({ rows, columns, data }) {
      const u = new Float64Array(rows * columns);
      const s = new Float64Array(columns);
      const vt = new Float64Array(columns * columns);
      const [m, n, info] = [integer(rows), integer(columns), integer(0)];
      const iwork = integers(8 * columns);
      const args = (work: Float64Array, length: number) => [
        letter('S'),
        m,
        n,
        data,
        m,
        s,
        u,
        m,
        vt,
        n,
        work,
        integer(length),
        iwork,
        info,
        1,
      ];
      const query = new Float64Array(1);
      library.gesdd(...args(query, -1));
      if (read(info) === 0) await call(library.gesdd, args(...workspace(query[0])));
      return { u, s, vt, info: read(info) };
    },
    async syevd(order, a) {
      const values = new Float64Array(order);
      const [n, info] = [integer(order), integer(0)];
      const args = (work: Float64Array, length: number, iwork: BigInt64Array, count: number) => [
        letter('V'),
        letter('L'),
        n,
        a,
        n,
        values,
        work,
        integer(length),
        iwork,
        integer(count),
        info,
        1,
        1,
      ];
      const [query, countQuery] = [new Float64Array(1), integers(1)];
      library.syevd(...args(query, -1, countQuery, -1));
      const count = read(countQuery);
      if (read(info) === 0) await call(library.syevd, args(...workspace(query[0]), integers(count), count));
      return { values, info: read(info) };
    },
    async potrf(order, a) {
      const [n, info] = [integer(order), integer(0)];
      await call(library.potrf, [letter('L'), n, a, n, info, 1]);
      return { info: read(info) };
    },
    async potrs(order, factor, columns, rhs) {
      const [n, info] = [integer(order), integer(0)];
      await call(library.potrs, [letter('L'), n, integer(columns), factor, n, rhs, n, info, 1]);
      return { info: read(info) };
    },
    async gemm({ m, n, depth, leading }, x, y) {
      const result = new Float64Array(m * n);
      const [rows, ld] = [integer(m), integer(leading)];
      const [one, zero] = [Float64Array.of(1), Float64Array.of(0)];
      const operands = [one, x, ld, y, ld, zero, result, rows];
      await call(library.gemm, [
        letter('T'),
        letter('N'),
        rows,
        integer(n),
        integer(depth),
        ...operands,
        1,
        1,
      ]);
      return result;
    },
  };
}

/** Allocates a work area of the size that a query returned. */
const workspace = (size: number): [work: Float64Array, length: number] => [
  new Float64Array(Math.ceil(size)),
  Math.ceil(size),
];
