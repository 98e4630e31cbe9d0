import { type FileHandle, open } from 'node:fs/promises';

import type { ElementType } from '../tensor/tensor';
import { npyHeader } from './npy';

/** Room for the header of any shape written here; the number of rows is known only at the end. */
const headerBytes = 128;

/** Writes a NumPy file row by row; only the current row is held. The file is complete once `close` has returned. */
export class NpyWriter {
  private constructor(
    private readonly file: FileHandle,
    private readonly type: ElementType,
    private readonly row: readonly number[],
    private rows: number,
  ) {}

  /** Creates a file, which must not exist yet. `row` is the shape of a row. */
  static async create(path: string, type: ElementType, row: readonly number[]): Promise<NpyWriter> {
    const file = await open(path, 'wx');
    const writer = new NpyWriter(file, type, row, 0);
    await file.writeFile(writer.header());
    return writer;
  }

  /** Shape of what has been written so far. */
  get dims(): number[] {
    return [this.rows, ...this.row];
  }

  /** Writes the bytes of one row. */
  async append(row: Uint8Array): Promise<void> {
    await this.file.writeFile(row);
    this.rows++;
  }

  /** Writes the number of rows and closes the file. */
  async close(): Promise<void> {
    await this.file.write(this.header(), 0, headerBytes, 0);
    await this.file.close();
  }

  /** Closes the file as it is; the caller then removes it. */
  async abandon(): Promise<void> {
    await this.file.close();
  }

  private header(): Buffer {
    return npyHeader({ type: this.type, dims: this.dims }, headerBytes);
  }
}
