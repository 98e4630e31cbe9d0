import { EngineError } from '../errors';
import { findCuda } from './cuda-library';
import { cusolverBackend } from './cusolver';
import { lapackBackend } from './lapack';
import { findLapack, howToInstall } from './lapack-library';
import { type BackendChoice, type BackendName, backendNames } from '../names';
import { checked, type LinearAlgebra } from './linear-algebra';
import { faer } from './faer';
import { mlMatrix } from './ml-matrix';
import { hasWasm } from './wasm-module';

/** Choice of the linear algebra library and of its threads. */
export interface LinearAlgebraSettings {
  /** Library to compute with; `auto` takes the fastest one available. */
  readonly backend?: BackendChoice;
  /** Threads per call, so that concurrent jobs together do not exceed the cores; all cores by default. */
  readonly threads?: number;
}

/** An available back end, or why it is not available. */
type Found = { readonly open: (threads?: number) => LinearAlgebra } | { readonly missing: string };

/** Back ends found so far in this thread; a missing one is looked for again, since it may be installed meanwhile. */
const found = new Map<BackendName, Found>();

function find(name: BackendName): Found {
  const known = found.get(name);
  if (known) return known;
  const result = search[name]();
  if ('open' in result) found.set(name, result);
  return result;
}

const search: Readonly<Record<BackendName, () => Found>> = {
  cusolver() {
    const cuda = attempt(findCuda);
    return 'missing' in cuda ? cuda : { open: () => cusolverBackend(cuda) };
  },
  lapack() {
    const lapack = attempt(findLapack);
    return 'missing' in lapack ? lapack : { open: (threads) => lapackBackend(lapack, threads) };
  },
  faer: () => (hasWasm() ? { open: () => faer } : { missing: 'this Node runs without WebAssembly' }),
  'ml-matrix': () => ({ open: () => mlMatrix }),
};

/** Runs a search for a native library; none can be loaded if koffi has no build for the platform. */
function attempt<T>(search: () => T): T | { readonly missing: string } {
  try {
    return search();
  } catch (error) {
    if (error instanceof EngineError) throw error;
    return { missing: `native libraries cannot be loaded here: ${(error as Error).message}` };
  }
}

/** Says why a back end is missing and how to get it. */
const absence = (name: BackendName, missing: string): string => `${missing}; ${remedies[name]()}`;
const remedies: Readonly<Record<BackendName, () => string>> = {
  cusolver: () =>
    'it needs an NVIDIA GPU, its driver, and CUDA 11 or newer with cuSOLVER on the library path or in CUDA_PATH',
  lapack: howToInstall,
  faer: () => 'start it without --jitless',
  'ml-matrix': () => 'it is always available',
};

/**
 * Returns the library that decompositions run on: cuSOLVER, else LAPACK, else faer, or the requested one.
 * @throws EngineError `InvalidSettings` if the requested one is missing, or SLIMFLOW_LAPACK names an unusable library
 */
export function linearAlgebra({ backend = 'auto', threads }: LinearAlgebraSettings = {}): LinearAlgebra {
  for (const name of backend === 'auto' ? backendNames : [backend]) {
    const result = find(name);
    if ('open' in result) return checked(result.open(threads));
    if (backend !== 'auto')
      throw new EngineError(
        'InvalidSettings',
        `linear algebra back end ${name} is not available: ${absence(name, result.missing)}`,
      );
  }
  throw new Error('ml-matrix is always available');
}

/** The library that would be used on this machine, and which of them are available. */
export interface LinearAlgebraDescription {
  readonly chosen: BackendName;
  readonly backends: readonly {
    readonly name: BackendName;
    readonly available: boolean;
    /** The library's version and path, or why it is missing and how to get it. */
    readonly detail: string;
  }[];
}

/**
 * Describes what `linearAlgebra()` chooses from on this machine, for people. Never throws: an unusable SLIMFLOW_LAPACK
 * is shown as LAPACK being unavailable.
 */
export function describeLinearAlgebra(threads?: number): LinearAlgebraDescription {
  const backends = backendNames.map((name) => {
    try {
      const result = find(name);
      return 'open' in result
        ? { name, available: true, detail: result.open(threads).describe() }
        : { name, available: false, detail: absence(name, result.missing) };
    } catch (error) {
      return { name, available: false, detail: (error as Error).message };
    }
  });
  return { chosen: backends.find(({ available }) => available)!.name, backends };
}
