import { homedir } from 'node:os';
import { join } from 'node:path';

import { EngineError } from '../errors';
import { integer, letter, parameters, read, symbolNames } from './fortran';
import { type NativeFunction, type NativeLibrary, openLibrary } from './native';

/** File names under which LAPACK is installed, per platform, fast libraries first. */
const installed: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: [
    'libopenblas.so.0',
    'libopenblas.so',
    'libmkl_rt.so.2',
    'libmkl_rt.so',
    'libflexiblas.so.3',
    'libopenblas64.so.0',
    'libopenblas64_.so.0',
    'liblapack.so.3',
    'liblapack.so',
  ],
  darwin: [
    '/System/Library/Frameworks/Accelerate.framework/Accelerate',
    'libopenblas.dylib',
    '/opt/homebrew/opt/openblas/lib/libopenblas.dylib',
  ],
  win32: ['libopenblas.dll', 'openblas.dll', 'mkl_rt.2.dll', 'mkl_rt.dll'],
};

const sharedSuffix = { darwin: 'dylib', win32: 'dll' } as Partial<Record<NodeJS.Platform, string>>;

/** Slimflow's own folder for LAPACK, shared by a user's projects: the wheel scipy-openblas32 is unpacked here. */
export const lapackFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'slimflow', 'lapack');

/** Path of the wheel scipy-openblas32's library in `folder`, whether or not it exists. */
export const wheelLibrary = (folder = lapackFolder()): string =>
  join(folder, 'scipy_openblas32', 'lib', `libscipy_openblas.${sharedSuffix[process.platform] ?? 'so'}`);

/** Says how to install LAPACK on this machine, as the rest of a sentence. */
export const howToInstall = (): string =>
  `install OpenBLAS (Debian, Ubuntu: apt-get install libopenblas0), or run \`${
    process.platform === 'win32' ? 'python' : 'python3'
  } -m pip install --target "${lapackFolder()}" scipy-openblas32\`, or name a library in SLIMFLOW_LAPACK`;

/** LAPACK and BLAS routines of a library that was found. */
export interface LapackLibrary {
  readonly path: string;
  /** The library's description of its version, if it has a function for that. */
  readonly version: string;
  readonly gesdd: NativeFunction;
  readonly syevd: NativeFunction;
  readonly potrf: NativeFunction;
  readonly potrs: NativeFunction;
  readonly gemm: NativeFunction;
  /** Sets the threads of later calls, for the whole process; does nothing if the library has no such call. */
  setThreads(threads: number): void;
}

/**
 * Finds LAPACK: SLIMFLOW_LAPACK, then installed libraries, then the unpacked wheel.
 * @returns the library, or why there is none
 * @throws EngineError `InvalidSettings` if SLIMFLOW_LAPACK names an unusable library: what was asked for is not
 * replaced
 */
export function findLapack(): LapackLibrary | { readonly missing: string } {
  const named = process.env.SLIMFLOW_LAPACK;
  if (named) {
    try {
      return lapackOf(openLibrary(named));
    } catch (error) {
      throw new EngineError(
        'InvalidSettings',
        `SLIMFLOW_LAPACK is set to ${named}, which cannot be used: ${(error as Error).message}`,
        { cause: error },
      );
    }
  }
  const paths = [...(installed[process.platform] ?? []), wheelLibrary()];
  for (const path of paths) {
    try {
      return lapackOf(openLibrary(path));
    } catch {
      // Try the next one: most machines have one of these names at most.
    }
  }
  return { missing: 'LAPACK is not installed' };
}

function lapackOf(library: NativeLibrary): LapackLibrary {
  const routine = (name: string, references: number, strings: number): NativeFunction => {
    const found = library.find(symbolNames(name), 'void', parameters(references, strings));
    if (!found) throw new Error(`it has no ${name}`);
    return found;
  };
  const found: LapackLibrary = {
    path: library.path,
    version: versionOf(library),
    gesdd: routine('dgesdd', 14, 1),
    syevd: routine('dsyevd', 11, 2),
    potrf: routine('dpotrf', 5, 1),
    potrs: routine('dpotrs', 8, 1),
    gemm: routine('dgemm', 13, 2),
    setThreads: threadsOf(library),
  };
  requireArithmetic(found);
  return found;
}

/**
 * Checks the library's calling convention by computing the root of 4, since one with another convention must not be
 * used.
 */
function requireArithmetic({ potrf }: LapackLibrary): void {
  const [one, info, four] = [integer(1), integer(0), Float64Array.of(4)];
  potrf(letter('L'), one, four, one, info, 1);
  if (read(info) !== 0 || four[0] !== 2) throw new Error('its dpotrf gets the root of 4 wrong');
}

function versionOf(library: NativeLibrary): string {
  const openblas = library.find(['openblas_get_config', 'scipy_openblas_get_config'], 'str', []);
  if (openblas) return (openblas() as string).trim().split(/\s+/).slice(0, 2).join(' ');
  if (library.find(['MKL_Set_Num_Threads'], 'void', ['int'])) return 'Intel MKL';
  return library.path.includes('Accelerate') ? 'Accelerate' : 'LAPACK';
}

/**
 * Finds the call that sets threads: OpenBLAS and MKL have one; Accelerate decides by itself, the reference library has
 * one thread.
 */
function threadsOf(library: NativeLibrary): (threads: number) => void {
  const set = library.find(
    ['openblas_set_num_threads', 'scipy_openblas_set_num_threads', 'MKL_Set_Num_Threads'],
    'void',
    ['int'],
  );
  let current = 0;
  return (threads) => {
    if (set && threads !== current) set(threads);
    current = threads;
  };
}
