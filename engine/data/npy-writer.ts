import { type FileHandle, open } from 'node:fs/promises';

import type { ElementType } from '../tensor/tensor';
import { npyHeader } from './npy';

/** Room for the header of any shape that is written here; how many rows there are is known at the end alone. */
const headerBytes = 128;

/** Writes a NumPy file row by row; nothing but the row at hand is held. The file is whole once `close` has returned. */
export class NpyWriter {
  private constructor(
    private readonly file: FileHandle,
    private readonly type: ElementType,
    private readonly row: readonly number[],
    private rows: number,
  ) {}

  /** Begins a file, which must not be there yet. `row` is the shape of a row. */
  static async create(path: string, type: ElementType, row: readonly number[]): Promise<NpyWriter> {
    const file = await open(path, 'wx');
    const writer = new NpyWriter(file, type, row, 0);
    await file.writeFile(writer.header());
    return writer;
  }

  /** Shape of what is written so far. */
  get dims(): number[] {
    return [this.rows, ...this.row];
  }

  /** Writes the bytes of one row. */
  async append(row: Uint8Array): Promise<void> {
    await this.file.writeFile(row);
    this.rows++;
  }

  /** Writes how many rows there are, and ends the file. */
  async close(): Promise<void> {
    await this.file.write(this.header(), 0, headerBytes, 0);
    await this.file.close();
  }

  /** Ends the file as it is, which is then to be removed. */
  async abandon(): Promise<void> {
    await this.file.close();
  }

  private header(): Buffer {
    return npyHeader({ type: this.type, dims: this.dims }, headerBytes);
  }
}
