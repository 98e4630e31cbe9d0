import { create } from '@bufbuild/protobuf';

import type { LinearAlgebra } from '../linalg/linear-algebra';
import { type Matrix, matrixOf } from '../linalg/matrix';
import { declare } from '../onnx/extract';
import { Graph, makeNode } from '../onnx/graph';
import { GraphProtoSchema, ModelProtoSchema } from '../onnx/proto/onnx_pb';
import { limits } from '../tensor/limits';
import { Session } from './session';

/** Multiplications from which on a product is worth the way to ONNX Runtime and back. */
const worthwhile = 2 ** 18;

/** Sessions by their threads, opened on first use: a job's thread asks for one number of threads. */
const sessions = new Map<number, Promise<Session>>();

/** Opens a session of one node, A·Bᵀ in float64, on the CPU. */
function sessionOf(threads: number): Promise<Session> {
  const known = sessions.get(threads);
  if (known) return known;
  const open = [undefined, undefined];
  const model = new Graph(
    create(ModelProtoSchema, {
      irVersion: 8n,
      opsetImport: [{ domain: '', version: 13n }],
      graph: create(GraphProtoSchema, {
        name: 'product',
        node: [makeNode({ op: 'Gemm', inputs: ['a', 'b'], outputs: ['y'], attributes: { transB: 1 } })],
        input: [declare('a', open, 'float64'), declare('b', open, 'float64')],
        output: [declare('y', open, 'float64')],
      }),
    }),
  );
  const opened = Session.open(model, { threads, provider: 'cpu' });
  sessions.set(threads, opened);
  return opened;
}

/**
 * Gives a library that computes without the processor's widest vectors those of ONNX Runtime for large products; others are
 * returned as they are.
 * @param threads threads per product
 */
export function withFastProducts(library: LinearAlgebra, threads: number): LinearAlgebra {
  if (library.name === 'lapack' || library.name === 'cusolver') return library;
  return {
    ...library,
    describe: () => `${library.describe()}; large products by ONNX Runtime`,
    async timesTransposed(a, b, depth = a.columns) {
      if (a.rows * b.rows * depth < worthwhile || !fits(a, b)) return library.timesTransposed(a, b, depth);
      const [x, y] = [firstColumns(a, depth), a === b ? undefined : firstColumns(b, depth)];
      const session = await sessionOf(threads);
      const { y: product } = await session.run({ a: tensorOf(x), b: tensorOf(y ?? x) });
      return matrixOf(a.rows, b.rows, product.data as Float64Array<ArrayBuffer>);
    },
  };
}

const tensorOf = ({ rows, columns, data }: Matrix) =>
  ({ type: 'float64', dims: [rows, columns], data }) as const;

/** Tells if ONNX Runtime takes the matrices and their product as tensors in memory. */
const fits = (a: Matrix, b: Matrix): boolean =>
  8 * Math.max(a.data.length, b.data.length, a.rows * b.rows) <= limits.tensor;

/** Copies the first columns of a matrix; all of them are the matrix itself. */
function firstColumns(matrix: Matrix, columns: number): Matrix {
  if (columns === matrix.columns) return matrix;
  const out = matrixOf(matrix.rows, columns);
  for (let row = 0; row < matrix.rows; row++) {
    const from = row * matrix.columns;
    out.data.set(matrix.data.subarray(from, from + columns), row * columns);
  }
  return out;
}
