import { EngineError } from '../errors';
import { columnMajorBackend, type Routines } from './column-major';
import type { CudaFunctions, CudaLibrary } from './cuda-library';
import type { LinearAlgebra } from './linear-algebra';

/**
 * Back end over cuSOLVER's Dgesvd, Dsyevd, Dpotrf and Dpotrs and cuBLAS's Dgemm, on the first GPU. It makes one call at
 * a time, since a handle must not be shared.
 */
export function cusolverBackend({ functions, path, devices }: CudaLibrary): LinearAlgebra {
  const description = `cuSOLVER (${path}), ${devices} GPU${devices === 1 ? '' : 's'}`;
  return columnMajorBackend('cusolver', description, routinesOf(functions));
}

const toDevice = 1;
const fromDevice = 2;
/** CUSOLVER_EIG_MODE_VECTOR and CUBLAS_FILL_MODE_LOWER. */
const withVectors = 1;
const lower = 0;
const thin = 'S'.charCodeAt(0);
/** cudaErrorMemoryAllocation. */
const outOfMemory = 2;

/** CUBLAS_OP_T and CUBLAS_OP_N. */
const transpose = 1;
const asItIs = 0;

/** An address on the GPU, or of a library's handle. */
type Address = bigint;
type Create = 'cusolverDnCreate' | 'cublasCreate_v2';

function routinesOf(cuda: CudaFunctions): Routines {
  const handles = new Map<Create, Address>();
  /** Returns a library's handle, created on first use. */
  const handleOf = async (create: Create): Promise<Address> => {
    const known = handles.get(create);
    if (known !== undefined) return known;
    const made = new BigUint64Array(1);
    succeed(create, await cuda[create].later(made));
    handles.set(create, made[0]);
    return made[0];
  };
  let busy: Promise<unknown> = Promise.resolve();
  /** Runs `work` exclusively and frees its GPU memory afterwards, even if it fails. */
  const alone = <T>(
    work: (device: Device, handle: Address) => Promise<T>,
    create: Create = 'cusolverDnCreate',
  ): Promise<T> => {
    const turn = busy.then(async () => {
      const device = new Device(cuda);
      try {
        return await work(device, await handleOf(create));
      } finally {
        device.free();
      }
    });
    busy = turn.catch(() => undefined);
    return turn;
  };
  const call = async (name: keyof CudaFunctions, ...args: unknown[]) =>
    succeed(name, await cuda[name].later(...args));
  /** Asks a `_bufferSize` function for the work size, in elements. */
  const sizeFrom = async (name: keyof CudaFunctions, ...args: unknown[]) => {
    const size = new Int32Array(1);
    await call(name, ...args, size);
    return size[0];
  };

  return {
    gesvd: ({ rows: m, columns: n, data }) =>
      alone(async (device, solver) => {
        const length = await sizeFrom('cusolverDnDgesvd_bufferSize', solver, m, n);
        const [a, s, u] = [await device.upload(data), device.floats(n), device.floats(m * n)];
        const [vt, work, info] = [device.floats(n * n), device.floats(length), device.floats(1)];
        const results = [a, m, s, u, m, vt, n, work, length, null, info];
        await call('cusolverDnDgesvd', solver, thin, thin, m, n, ...results);
        return {
          u: await device.download(u, m * n),
          s: await device.download(s, n),
          vt: await device.download(vt, n * n),
          info: await device.integer(info),
        };
      }),
    syevd: (n, matrix) =>
      alone(async (device, solver) => {
        const [a, w, info] = [await device.upload(matrix), device.floats(n), device.floats(1)];
        const problem = [solver, withVectors, lower, n, a, n, w];
        const length = await sizeFrom('cusolverDnDsyevd_bufferSize', ...problem);
        await call('cusolverDnDsyevd', ...problem, device.floats(length), length, info);
        matrix.set(await device.download(a, n * n));
        return { values: await device.download(w, n), info: await device.integer(info) };
      }),
    potrf: (n, matrix) =>
      alone(async (device, solver) => {
        const [a, info] = [await device.upload(matrix), device.floats(1)];
        const length = await sizeFrom('cusolverDnDpotrf_bufferSize', solver, lower, n, a, n);
        await call('cusolverDnDpotrf', solver, lower, n, a, n, device.floats(length), length, info);
        matrix.set(await device.download(a, n * n));
        return { info: await device.integer(info) };
      }),
    potrs: (n, factor, columns, rhs) =>
      alone(async (device, solver) => {
        const [a, b, info] = [await device.upload(factor), await device.upload(rhs), device.floats(1)];
        await call('cusolverDnDpotrs', solver, lower, n, columns, a, n, b, n, info);
        rhs.set(await device.download(b, n * columns));
        return { info: await device.integer(info) };
      }),
    gemm: ({ m, n, depth, leading }, x, y) =>
      alone(async (device, blas) => {
        const [a, b, c] = [await device.upload(x), await device.upload(y), device.floats(m * n)];
        const [one, zero] = [Float64Array.of(1), Float64Array.of(0)];
        const operands = [one, a, leading, b, leading, zero, c, m];
        await call('cublasDgemm_v2', blas, transpose, asItIs, m, n, depth, ...operands);
        return device.download(c, m * n);
      }, 'cublasCreate_v2'),
  };
}

/** GPU memory that one routine uses. */
class Device {
  private readonly held: Address[] = [];

  constructor(private readonly cuda: CudaFunctions) {}

  /** Allocates room for `length` float64 numbers. */
  floats(length: number): Address {
    const address = new BigUint64Array(1);
    succeed('cudaMalloc', this.cuda.cudaMalloc(address, 8 * Math.max(1, length)), 8 * length);
    this.held.push(address[0]);
    return address[0];
  }

  async upload(data: Float64Array): Promise<Address> {
    const address = this.floats(data.length);
    succeed('cudaMemcpy', await this.cuda.cudaMemcpy.later(address, data, data.byteLength, toDevice));
    return address;
  }

  /** Copies numbers from the GPU, which waits for earlier calls to finish. */
  async download(address: Address, length: number): Promise<Float64Array<ArrayBuffer>> {
    const data = new Float64Array(length);
    succeed('cudaMemcpy', await this.cuda.cudaMemcpy.later(data, address, data.byteLength, fromDevice));
    return data;
  }

  async integer(address: Address): Promise<number> {
    const data = new Int32Array(1);
    succeed('cudaMemcpy', await this.cuda.cudaMemcpy.later(data, address, 4, fromDevice));
    return data[0];
  }

  free(): void {
    for (const address of this.held.splice(0)) this.cuda.cudaFree(address);
  }
}

/**
 * Checks a call's status. The error names `InvalidSettings`, since another back end would work.
 * @throws EngineError `InvalidSettings` if the call failed
 */
function succeed(name: string, status: unknown, bytes?: number): void {
  if (status === 0) return;
  const why =
    name === 'cudaMalloc' && status === outOfMemory
      ? `the GPU has less than ${((bytes ?? 0) / 2 ** 20).toFixed(0)} MiB free`
      : `${name} returned status ${String(status)}`;
  throw new EngineError(
    'InvalidSettings',
    `cuSOLVER failed: ${why}; set the back end to lapack or ml-matrix`,
  );
}
