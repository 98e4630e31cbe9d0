import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { EngineError } from '../errors';

/**
 * The module of decompositions, which the package carries outside its compiled code. Its crate and the build are next to it
 * and in scripts/build-wasm.mjs.
 */
export const wasmFile = join(__dirname, '..', '..', '..', 'engine', 'linalg', 'wasm', 'linalg.wasm');

/** The part of WebAssembly that is used here, since TypeScript knows it from browsers only. */
declare const WebAssembly:
  | undefined
  | {
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object) => { readonly exports: object };
    };

/** Tells if Node runs with WebAssembly; it does unless it was started with --jitless. */
export const hasWasm = (): boolean => typeof WebAssembly === 'object';

/** Names of the routines that compute, of which engine/linalg/wasm/src/lib.rs has the arguments. */
export type WasmRoutine = 'gesvd' | 'syevd' | 'potrf' | 'potrs' | 'gemm';

/** Exports of the module: sizes are in elements, buffers are passed by their addresses, results are LAPACK's INFO. */
interface Exports extends Readonly<Record<WasmRoutine, (...args: number[]) => number>> {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Returns the address of a new buffer, or 0 if the memory can't grow by that many bytes. */
  allocate(bytes: number): number;
  release(at: number, bytes: number): void;
}

/** Bytes of an instance's memory, which never shrinks, up to which it is kept for the next call. */
const kept = 2 ** 27;

/** Result of a routine if its work areas don't fit in memory. */
const noMemory = -(2 ** 31);

let compiled: object | undefined;
let idle: Exports | undefined;

/** Compiles the module on first use, once per thread. */
function instantiate(): Exports {
  compiled ??= new WebAssembly!.Module(readFileSync(wasmFile));
  return new WebAssembly!.Instance(compiled).exports as Exports;
}

/** A routine's argument: a size, or a buffer that it reads (`in`), fills (`out`, in elements) or changes in place (`inout`). */
export type WasmArgument =
  | number
  | { readonly in: Float64Array }
  | { readonly out: Float64Array<ArrayBuffer> }
  | { readonly inout: Float64Array };

/**
 * Calls a routine of the module: copies buffers in, runs it on this thread, copies results into the arrays of `out` and `inout`.
 * @returns the routine's INFO
 * @throws EngineError `InvalidSettings` if its buffers and work areas don't fit in the module's memory or the machine's
 */
export function callWasm(routine: WasmRoutine, args: readonly WasmArgument[]): number {
  const module = idle ?? instantiate();
  // An instance whose routine was interrupted by an exception is not used again.
  idle = undefined;
  const buffers: { at: number; bytes: number; result?: Float64Array }[] = [];
  const values = args.map((arg) => {
    if (typeof arg === 'number') return arg;
    const array = 'in' in arg ? arg.in : 'out' in arg ? arg.out : arg.inout;
    const at = module.allocate(array.byteLength) >>> 0;
    if (at === 0) throw outOfMemory(routine);
    buffers.push({ at, bytes: array.byteLength, result: 'in' in arg ? undefined : array });
    if (!('out' in arg)) new Float64Array(module.memory.buffer, at, array.length).set(array);
    return at;
  });
  const info = module[routine](...values);
  if (info === noMemory) throw outOfMemory(routine);
  for (const { at, bytes, result } of buffers) {
    result?.set(new Float64Array(module.memory.buffer, at, result.length));
    module.release(at, bytes);
  }
  if (module.memory.buffer.byteLength <= kept) idle = module;
  return info;
}

const outOfMemory = (routine: WasmRoutine): EngineError =>
  new EngineError(
    'InvalidSettings',
    `there is not enough memory for a matrix (${routine} in WebAssembly): free some, or install LAPACK, which takes less`,
  );
