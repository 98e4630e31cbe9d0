import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

import { EngineError } from '../../errors';
import { openRegular } from '../../regular-file';
import { unreadable } from './unreadable';

/** Rows to unpack: from `start` to before `end`. */
export interface ParquetRequest {
  readonly start: number;
  readonly end: number;
}

/** Rows, or why there are none. */
export type ParquetReply =
  | { readonly rows: Record<string, unknown>[] }
  | { readonly failed: { readonly isOurs: boolean; readonly name: string; readonly message: string } };

/** The file that a thread unpacks, of `size` bytes, and the columns of it. */
export interface ParquetTask {
  readonly path: string;
  readonly size: number;
  readonly columns: readonly string[];
}

/** Most bytes of a file that are read at once. */
const mostBytes = 2 ** 31 - 1;
/** Time in ms that unpacking may take, and for each byte of the file: a tenth of the speed of the slowest codec. */
const patience = { ms: 8000, perByte: 1e-3 };

/** Unpacks rows of a Parquet file in a thread of its own, which is ended if it does not come to an end. */
export class ParquetReader {
  private thread?: Worker;

  constructor(
    private readonly task: ParquetTask,
    private readonly most = patience,
  ) {}

  /**
   * Reads rows.
   * @throws EngineError `InvalidData` that names the file, if it is broken, or takes too long
   */
  async read(start: number, end: number): Promise<Record<string, unknown>[]> {
    const { path, size } = this.task;
    this.thread ??= new Worker(join(__dirname, 'parquet-thread.js'), { workerData: this.task });
    const { thread } = this;
    const bad = (what: string) => new EngineError('InvalidData', `${path} ${what}`);
    const late = setTimeout(() => void thread.terminate(), this.most.ms + size * this.most.perByte);
    try {
      const answer = once(thread, 'message') as Promise<[ParquetReply]>;
      thread.postMessage({ start, end } satisfies ParquetRequest);
      const ended = once(thread, 'exit').then(() => undefined);
      const told = await Promise.race([answer, ended]);
      if (!told)
        throw bad(`can't be read: rows ${start} to ${end} take far too long to unpack; it is broken`);
      const [reply] = told;
      if ('rows' in reply) return reply.rows;
      throw reply.failed.isOurs
        ? new EngineError('InvalidData', reply.failed.message)
        : unreadable(path, reply.failed);
    } catch (error) {
      throw unreadable(path, error);
    } finally {
      clearTimeout(late);
    }
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await this.thread?.terminate();
    this.thread = undefined;
  }
}

/** Reads a part of a file. */
export async function bytesOf(path: string, start: number, end: number): Promise<ArrayBuffer> {
  const { file, status } = await openRegular(path);
  try {
    if (!(start >= 0 && start <= end && end <= Number(status.size) && end - start <= mostBytes))
      throw new EngineError(
        'InvalidData',
        `${path} refers to bytes ${start} to ${end}, which it does not have`,
      );
    const bytes = new Uint8Array(end - start);
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await file.read(bytes, at, bytes.length - at, start + at);
      if (!bytesRead) throw new EngineError('InvalidData', `${path} was cut short while it was read`);
      at += bytesRead;
    }
    return bytes.buffer;
  } finally {
    await file.close();
  }
}
