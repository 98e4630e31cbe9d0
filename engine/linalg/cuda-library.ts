import { join } from 'node:path';

import { type NativeFunction, type NativeLibrary, openFirst } from './native';

/** Splits a parameter list of C types, as written in a header. */
const types = (list: string): readonly string[] => list.split(', ');

/**
 * Functions of CUDA's runtime, cuSOLVER and cuBLAS, with the C types of their parameters; all return a status, 0 on
 * success.
 */
export const signatures = {
  cudaGetDeviceCount: types('void *'),
  cudaMalloc: types('void *, size_t'),
  cudaFree: types('void *'),
  cudaMemcpy: types('void *, void *, size_t, int'),
  cusolverDnCreate: types('void *'),
  // handle, rows, columns, → length of the work area
  cusolverDnDgesvd_bufferSize: types('void *, int, int, void *'),
  // handle, jobu, jobvt, m, n, A, lda, S, U, ldu, VT, ldvt, work, length, rwork, info
  cusolverDnDgesvd: types(
    'void *, int8_t, int8_t, int, int, void *, int, void *, void *, int, void *, int, void *, int, void *, void *',
  ),
  // handle, jobz, uplo, n, A, lda, W, → length
  cusolverDnDsyevd_bufferSize: types('void *, int, int, int, void *, int, void *, void *'),
  // handle, jobz, uplo, n, A, lda, W, work, length, info
  cusolverDnDsyevd: types('void *, int, int, int, void *, int, void *, void *, int, void *'),
  // handle, uplo, n, A, lda, → length
  cusolverDnDpotrf_bufferSize: types('void *, int, int, void *, int, void *'),
  // handle, uplo, n, A, lda, work, length, info
  cusolverDnDpotrf: types('void *, int, int, void *, int, void *, int, void *'),
  // handle, uplo, n, nrhs, A, lda, B, ldb, info
  cusolverDnDpotrs: types('void *, int, int, int, void *, int, void *, int, void *'),
  cublasCreate_v2: types('void *'),
  // handle, transa, transb, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc
  cublasDgemm_v2: types(
    'void *, int, int, int, int, int, void *, void *, int, void *, int, void *, void *, int',
  ),
};

/** The functions that the back end calls. */
export type CudaFunctions = Readonly<Record<keyof typeof signatures, NativeFunction>>;
/** CUDA's libraries, as loaded. */
export interface CudaLibrary {
  readonly functions: CudaFunctions;
  readonly path: string;
  readonly devices: number;
}

const versions = { cudart: ['13', '12', '11.0'], cusolver: ['12', '11', '10'], cublas: ['13', '12', '11'] };

/** File names of a library, those under CUDA_PATH or CUDA_HOME first. */
function pathsOf(library: keyof typeof versions): string[] {
  const names =
    process.platform === 'win32'
      ? versions[library].map((v) => `${library}64_${v === '11.0' ? '110' : v}.dll`)
      : [...versions[library].map((v) => `lib${library}.so.${v}`), `lib${library}.so`];
  const folders = [process.env.CUDA_PATH, process.env.CUDA_HOME, '/usr/local/cuda']
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, process.platform === 'win32' ? 'bin' : 'lib64'));
  return [...names, ...folders.flatMap((folder) => names.map((name) => join(folder, name)))];
}

/** Finds CUDA's runtime, cuSOLVER, cuBLAS and a GPU, or says which of them is missing. */
export function findCuda(): CudaLibrary | { readonly missing: string } {
  if (process.platform === 'darwin') return { missing: 'CUDA does not exist for macOS' };
  const runtime = openFirst(pathsOf('cudart'));
  if ('failures' in runtime) return { missing: "CUDA's runtime (libcudart) is not installed" };
  const solver = openFirst(pathsOf('cusolver'));
  if ('failures' in solver) return { missing: 'cuSOLVER (libcusolver) was not found next to libcudart' };
  const blas = openFirst(pathsOf('cublas'));
  if ('failures' in blas) return { missing: 'cuBLAS (libcublas) was not found next to libcusolver' };
  const functions: Partial<Record<keyof typeof signatures, NativeFunction>> = {};
  for (const name of Object.keys(signatures) as (keyof typeof signatures)[]) {
    const library: NativeLibrary = name.startsWith('cuda')
      ? runtime
      : name.startsWith('cublas')
        ? blas
        : solver;
    const found = library.find([name], 'int', signatures[name]);
    if (!found) return { missing: `${library.path} has no ${name}` };
    functions[name] = found;
  }
  const count = new Int32Array(1);
  const status = functions.cudaGetDeviceCount!(count) as number;
  if (status !== 0 || count[0] < 1)
    return { missing: `CUDA is installed but finds no GPU (cudaGetDeviceCount: status ${status})` };
  return { functions: functions as CudaFunctions, path: solver.path, devices: count[0] };
}
