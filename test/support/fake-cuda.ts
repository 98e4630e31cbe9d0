import type { CudaFunctions, CudaLibrary } from '../../engine/linalg/cuda-library';
import { mlMatrix } from '../../engine/linalg/ml-matrix';
import { matrixOf, timesTransposed, transposed } from '../../engine/linalg/matrix';
import type { NativeFunction } from '../../engine/linalg/native';

type Floats = Float64Array<ArrayBuffer>;
type Handler = (...args: never[]) => number | Promise<number>;

/**
 * A GPU of plain memory: cuSOLVER's functions by their documented parameters, on arrays known by made-up addresses.
 * What a test of the back end needs to see without a GPU: that buffers, leading dimensions and sizes arrive where they
 * belong.
 */
export class FakeCuda {
  private readonly memory = new Map<bigint, Floats>();
  private last = 0n;
  private running = 0;
  /** Answer of one future call, instead of success. */
  failing: { name: string; status: number } | undefined;

  /** Buffers not given back yet. */
  get held(): number {
    return this.memory.size;
  }

  get library(): CudaLibrary {
    const wrap = (name: string, handler: Handler): NativeFunction => {
      const call = (...args: unknown[]) => {
        if (this.failing?.name === name) return this.failing.status;
        return handler(...(args as never[]));
      };
      const later = async (...args: unknown[]) => {
        if (++this.running > 1) throw new Error('two calls at once on one handle');
        await new Promise((resolve) => setImmediate(resolve));
        const status = await call(...args);
        this.running--;
        return status;
      };
      return Object.assign(call, { later });
    };
    const functions = Object.fromEntries(
      Object.entries(this.handlers()).map(([name, handler]) => [name, wrap(name, handler)]),
    );
    return { functions: functions as unknown as CudaFunctions, path: 'fake', devices: 1 };
  }

  private at(address: bigint, length: number): Floats {
    const data = this.memory.get(address);
    if (!data || data.length < length) throw new Error(`no ${length} numbers at ${address}`);
    return data.subarray(0, length);
  }

  private succeed(info: bigint): number {
    new Int32Array(this.at(info, 1).buffer)[0] = 0;
    return 0;
  }

  private handlers(): Record<keyof CudaFunctions, Handler> {
    const sized = (size: Int32Array, length: number) => {
      size[0] = length;
      return 0;
    };
    return {
      cudaGetDeviceCount: (count: Int32Array) => sized(count, 1),
      cudaMalloc: (address: BigUint64Array, bytes: number) => {
        address[0] = ++this.last;
        this.memory.set(this.last, new Float64Array(bytes / 8));
        return 0;
      },
      cudaFree: (address: bigint) => (this.memory.delete(address) ? 0 : 1),
      cudaMemcpy: (to: bigint | Floats | Int32Array, from: bigint | Floats, bytes: number, kind: number) => {
        if (kind === 1) this.at(to as bigint, bytes / 8).set(from as Floats);
        else {
          const source = this.at(from as bigint, Math.ceil(bytes / 8));
          const bytesOf = (data: Floats | Int32Array) => new Uint8Array(data.buffer, data.byteOffset, bytes);
          bytesOf(to as Floats).set(bytesOf(source));
        }
        return 0;
      },
      cusolverDnCreate: (handle: BigUint64Array) => {
        handle[0] = 77n;
        return 0;
      },
      cublasCreate_v2: (handle: BigUint64Array) => {
        handle[0] = 78n;
        return 0;
      },
      cublasDgemm_v2: (
        ...[handle, transa, transb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc]: [
          ...[bigint, number, number, number, number, number, Floats, bigint, number],
          ...[bigint, number, Floats, bigint, number],
        ]
      ) => {
        if (handle !== 78n || transa !== 1 || transb !== 0 || ldc !== m || beta[0] !== 0) return 3;
        const [x, y] = [matrixOf(m, lda, this.at(a, m * lda)), matrixOf(n, ldb, this.at(b, n * ldb))];
        const product = timesTransposed(y, x, k).data;
        this.at(c, m * n).set(product.map((value) => alpha[0] * value));
        return 0;
      },
      cusolverDnDgesvd_bufferSize: (_: bigint, m: number, n: number, size: Int32Array) => sized(size, m + n),
      cusolverDnDgesvd: async (
        ...[handle, jobu, jobvt, m, n, a, lda, s, u, ldu, vt, ldvt, work, length, rwork, info]: [
          ...[bigint, number, number, number, number, bigint, number, bigint, bigint, number],
          ...[bigint, number, bigint, number, null, bigint],
        ]
      ) => {
        if (handle !== 77n || jobu !== 83 || jobvt !== 83 || m < n || rwork !== null) return 3;
        if (lda !== m || ldu !== m || ldvt !== n) return 3;
        this.at(work, length);
        const svd = await mlMatrix.svd(transposed(matrixOf(n, m, this.at(a, m * n))));
        this.at(s, n).set(svd.s);
        this.at(u, m * n).set(transposed(svd.u).data);
        this.at(vt, n * n).set(svd.v.data);
        return this.succeed(info);
      },
      cusolverDnDsyevd_bufferSize: (
        ...[, , , n, , , , size]: [bigint, number, number, number, bigint, number, bigint, Int32Array]
      ) => sized(size, 3 * n),
      cusolverDnDsyevd: async (
        ...[, jobz, uplo, n, a, lda, w, work, length, info]: [
          ...[bigint, number, number, number, bigint, number, bigint, bigint, number, bigint],
        ]
      ) => {
        if (jobz !== 1 || uplo !== 0 || lda !== n) return 3;
        this.at(work, length);
        const { values, vectors } = await mlMatrix.eigh(matrixOf(n, n, this.at(a, n * n).slice()));
        this.at(w, n).set(values.slice().reverse());
        const columns = transposed(vectors).data;
        for (let k = 0; k < n; k++)
          this.at(a, n * n).set(columns.subarray((n - 1 - k) * n, (n - k) * n), k * n);
        return this.succeed(info);
      },
      cusolverDnDpotrf_bufferSize: (
        ...[, , n, , , size]: [bigint, number, number, bigint, number, Int32Array]
      ) => sized(size, n),
      cusolverDnDpotrf: (
        ...[, uplo, n, a, lda, work, length, info]: [
          ...[bigint, number, number, bigint, number, bigint, number, bigint],
        ]
      ) => {
        if (uplo !== 0 || lda !== n) return 3;
        this.at(work, length);
        const failed = factorize(this.at(a, n * n), n);
        new Int32Array(this.at(info, 1).buffer)[0] = failed;
        return 0;
      },
      cusolverDnDpotrs: (
        ...[, uplo, n, sides, a, lda, b, ldb, info]: [
          ...[bigint, number, number, number, bigint, number, bigint, number, bigint],
        ]
      ) => {
        if (uplo !== 0 || lda !== n || ldb !== n) return 3;
        for (let side = 0; side < sides; side++)
          substitute(this.at(a, n * n), n, this.at(b, n * sides).subarray(side * n, (side + 1) * n));
        return this.succeed(info);
      },
    };
  }
}

/** Cholesky in the lower triangle of a column-major matrix; gives LAPACK's INFO. */
function factorize(a: Float64Array, n: number): number {
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = a[j * n + i];
      for (let k = 0; k < j; k++) sum -= a[k * n + i] * a[k * n + j];
      if (i === j && !(sum > 0)) return j + 1;
      a[j * n + i] = i === j ? Math.sqrt(sum) : sum / a[j * n + j];
    }
  }
  return 0;
}

/** Solves L·Lᵀ·x = b in place. */
function substitute(l: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) b[i] -= l[k * n + i] * b[k];
    b[i] /= l[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) b[i] -= l[i * n + k] * b[k];
    b[i] /= l[i * n + i];
  }
}
