import { createRequire } from 'node:module';

import type * as Koffi from 'koffi' with { 'resolution-mode': 'import' };

/** A function of a native library. `later` runs it on another thread, so that the event loop is not blocked. */
export interface NativeFunction {
  (...args: unknown[]): unknown;
  later(...args: unknown[]): Promise<unknown>;
}

/** A loaded native library, with the name or path it was found under. */
export interface NativeLibrary {
  readonly path: string;
  /** Returns the first function of `names` that the library exports; undefined if it exports none of them. */
  find(names: readonly string[], result: string, parameters: readonly string[]): NativeFunction | undefined;
}

/**
 * Fortran routines keep work areas on the stack, for which koffi's default of 128 KiB per asynchronous call is too
 * small.
 */
const stackBytes = 4 * 1024 * 1024;

type KoffiFunction = ReturnType<Koffi.LibraryHandle['func']>;
let loaded: typeof Koffi | undefined;

/** Loads koffi on first use: on a platform that it has no build for, ml-matrix still works. */
function koffi(): typeof Koffi {
  if (!loaded) {
    loaded = createRequire(__filename)('koffi') as typeof Koffi;
    try {
      loaded.config({ ...loaded.config(), async_stack_size: stackBytes });
    } catch {
      // Fixed for the whole process once any library is loaded, be it by another thread or by the host program.
    }
  }
  return loaded;
}

/**
 * Loads a native library.
 * @throws Error with the platform loader's message if the library, or one it needs, is missing
 */
export function openLibrary(path: string): NativeLibrary {
  const handle = koffi().load(path);
  return {
    path,
    find(names, result, parameters) {
      for (const name of names) {
        const found = lookUp(handle, name, result, parameters);
        if (found)
          return Object.assign((...args: unknown[]) => found(...args) as unknown, { later: later(found) });
      }
      return undefined;
    },
  };
}

function lookUp(
  handle: Koffi.LibraryHandle,
  name: string,
  result: string,
  parameters: readonly string[],
): KoffiFunction | undefined {
  try {
    return handle.func(name, result, [...parameters]);
  } catch {
    return undefined; // not exported
  }
}

const later =
  (found: KoffiFunction) =>
  (...args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      found.async(...args, (error: Error | null, result: unknown) =>
        error ? reject(error) : resolve(result),
      );
    });

/** Opens the first of `paths` that loads, or returns the loader's message for each. */
export function openFirst(
  paths: readonly string[],
): NativeLibrary | { readonly failures: readonly string[] } {
  const failures: string[] = [];
  for (const path of paths) {
    try {
      return openLibrary(path);
    } catch (error) {
      failures.push(`${path}: ${(error as Error).message}`);
    }
  }
  return { failures };
}
