import { createRequire } from 'node:module';

import type * as Koffi from 'koffi' with { 'resolution-mode': 'import' };

/** A function of a native library. `later` runs on a thread of its own, so that the event loop goes on. */
export interface NativeFunction {
  (...args: unknown[]): unknown;
  later(...args: unknown[]): Promise<unknown>;
}

/** A native library that is loaded, with the name or path that it was found under. */
export interface NativeLibrary {
  readonly path: string;
  /** The function of the first of `names` that the library exports; undefined where it has none of them. */
  find(names: readonly string[], result: string, parameters: readonly string[]): NativeFunction | undefined;
}

/** Fortran routines keep work areas on the stack; koffi's 128 KiB for asynchronous calls are few. */
const stackBytes = 4 * 1024 * 1024;

type KoffiFunction = ReturnType<Koffi.LibraryHandle['func']>;
let loaded: typeof Koffi | undefined;

/** koffi, loaded when first needed: on a platform that it has no build for, ml-matrix still works. */
function koffi(): typeof Koffi {
  if (!loaded) {
    loaded = createRequire(__filename)('koffi') as typeof Koffi;
    try {
      loaded.config({ ...loaded.config(), async_stack_size: stackBytes });
    } catch {
      // Settled for the whole process once any library is loaded, in another thread or by the host program.
    }
  }
  return loaded;
}

/** @throws Error in the words of the platform's loader where there is no such library, or one it needs is missing. */
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

/** The first of `paths` that loads, or what the loader said of each in turn. */
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
