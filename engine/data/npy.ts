import { closeSync, readSync, writeFileSync } from 'node:fs';

import { EngineError } from '../errors';
import { openRegularSync } from '../regular-file';
import { bytesOf, type ElementType, fromBytes, sizeOf, type Tensor, toBytes } from '../tensor/tensor';
import type { Rows } from './array-rows';

const types = new Map<string, ElementType>([
  ['<f4', 'float32'],
  ['<f8', 'float64'],
  ['|u1', 'uint8'],
  ['|i1', 'int8'],
  ['|b1', 'bool'],
  ['<i2', 'int16'],
  ['<u2', 'uint16'],
  ['<i4', 'int32'],
  ['<u4', 'uint32'],
  ['<i8', 'int64'],
  ['<u8', 'uint64'],
]);
const magic = '\x93NUMPY';
/** Longest header that is read, in bytes: NumPy's own is some hundred. */
const mostHeader = 2 ** 20;

/** A NumPy array file (numpy.lib.format, versions 1 to 3), read one range of rows at a time. */
export class NpyFile implements Rows {
  private constructor(
    private readonly path: string,
    private readonly file: number,
    private readonly offset: number,
    readonly type: ElementType,
    readonly dims: readonly number[],
  ) {}

  /**
   * Opens a file and reads its header.
   * @throws EngineError `InvalidData` if the file is missing, not a `.npy` file, cut short, or of an unsupported type
   * or order
   */
  static open(path: string): NpyFile {
    let opened: ReturnType<typeof openRegularSync>;
    try {
      opened = openRegularSync(path);
    } catch (error) {
      throw new EngineError('InvalidData', `data file ${path} cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
    const { file, status } = opened;
    try {
      return NpyFile.parse(path, file, Number(status.size));
    } catch (error) {
      closeSync(file);
      throw error;
    }
  }

  private static parse(path: string, file: number, size: number): NpyFile {
    const read = (position: number, bytes: Uint8Array) => readSync(file, bytes, 0, bytes.length, position);
    const { offset, type, dims } = npyLayout(`data file ${path}`, size, read);
    return new NpyFile(path, file, offset, type, dims);
  }

  /** Reads rows `start` to `start + count` of the first dimension. */
  rows(start: number, count: number): Tensor {
    const row = sizeOf(this.dims.slice(1)) * bytesOf(this.type);
    const bytes = new Uint8Array(count * row);
    let read = 0;
    while (read < bytes.length) {
      const got = readSync(this.file, bytes, read, bytes.length - read, this.offset + start * row + read);
      if (!got) throw new EngineError('InvalidData', `data file ${this.path} ended early at row ${start}`);
      read += got;
    }
    return fromBytes(this.type, [count, ...this.dims.slice(1)], bytes);
  }

  close(): void {
    closeSync(this.file);
  }
}

/**
 * Reads the header of a NumPy file.
 * @param name its name in messages
 * @param size bytes of the whole file
 * @param read fills `bytes` from a position of the file and returns how many it read
 * @returns the element type, the shape, and the position of the elements
 * @throws EngineError `InvalidData` if it is not a `.npy` file, cut short, or of an unsupported type or order
 */
export function npyLayout(
  name: string,
  size: number,
  read: (position: number, bytes: Uint8Array) => number,
): { readonly offset: number; readonly type: ElementType; readonly dims: readonly number[] } {
  const bad = (what: string) => new EngineError('InvalidData', `${name} ${what}`);
  const head = Buffer.alloc(12);
  read(0, head);
  if (head.toString('latin1', 0, 6) !== magic) throw bad('is not a .npy file');
  const long = head[6] >= 2;
  const length = long ? head.readUInt32LE(8) : head.readUInt16LE(8);
  const offset = (long ? 12 : 10) + length;
  if (length > mostHeader) throw bad(`has a header of ${length} bytes; at most ${mostHeader} are read`);
  if (size < offset) throw bad(`is cut short: it has ${size} of ${offset} bytes of its header`);
  const header = Buffer.alloc(length);
  if (read(long ? 12 : 10, header) < length) throw bad('has a header that is cut short');
  const text = header.toString('latin1');
  const code = /'descr':\s*'([^']+)'/.exec(text)?.[1] ?? '';
  const type = types.get(code);
  if (!type)
    throw bad(
      `holds elements of type ${code.slice(0, 20) || 'unknown'}; save it as one of ${[...types.values()].join(', ')}`,
    );
  if (/'fortran_order':\s*True/.test(text))
    throw bad('is in Fortran order; save it as numpy.ascontiguousarray(...)');
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
  // Python 2 wrote 3L for 3.
  const numbers = (shape ?? '?').split(',').map((dim) => dim.trim().replace(/L$/, ''));
  if (numbers.at(-1) === '') numbers.pop();
  if (!numbers.every((dim) => /^\d{1,15}$/.test(dim)))
    throw bad(`has a shape that is not a list of whole numbers: (${shape?.slice(0, 80) ?? ''})`);
  const dims = numbers.map(Number);
  const expected = offset + sizeOf(dims) * bytesOf(type);
  if (size < expected) throw bad(`is cut short: it has ${size} of ${expected} bytes`);
  return { offset, type, dims };
}

/**
 * Writes a tensor as a NumPy file.
 *
 * @example
 * ```ts
 * import { writeNpy } from 'slimflow/engine';
 *
 * writeNpy('x.npy', { type: 'float32', dims: [2, 1, 8, 8], data: new Float32Array(2 * 64) });
 * ```
 */
export function writeNpy(path: string, tensor: Tensor): void {
  writeFileSync(path, Buffer.concat([npyHeader(tensor), toBytes(tensor)]));
}

/**
 * Makes the header of a NumPy file: at least `least` bytes, and a multiple of 64.
 * @throws EngineError `InvalidData` if NumPy has no such type
 */
export function npyHeader({ type, dims }: Pick<Tensor, 'type' | 'dims'>, least = 0): Buffer {
  const code = [...types].find(([, known]) => known === type)?.[0];
  if (!code)
    throw new EngineError('InvalidData', `a ${type} tensor cannot be saved as .npy: NumPy has no such type`);
  const shape = `(${dims.join(', ')}${dims.length === 1 ? ',' : ''})`;
  const header = `{'descr': '${code}', 'fortran_order': False, 'shape': ${shape}, }`;
  const bytes = Math.ceil(Math.max(header.length + 11, least) / 64) * 64;
  const head = Buffer.alloc(bytes, ' ');
  head.write(`${magic}\x01\0`, 'latin1');
  head.writeUInt16LE(bytes - 10, 8);
  head.write(header, 10, 'latin1');
  head.write('\n', bytes - 1);
  return head;
}
