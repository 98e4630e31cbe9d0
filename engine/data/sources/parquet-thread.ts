import { parentPort, workerData } from 'node:worker_threads';

import { EngineError } from '../../errors';
import { bytesOf, type ParquetReply, type ParquetRequest, type ParquetTask } from './parquet-reader';

/** Most bytes of a page that is unpacked at once. */
const mostBytes = 2 ** 31 - 1;

/**
 * A thread that unpacks rows of a Parquet file: a broken file may keep the unpacking busy for ever, and only a thread can be
 * ended then.
 */
const { path, size, columns } = workerData as ParquetTask;
const reply = (message: ParquetReply) => parentPort!.postMessage(message);

async function rows({ start, end }: ParquetRequest): Promise<Record<string, unknown>[]> {
  const { parquetReadObjects } = await import('hyparquet');
  const { compressors } = await import('hyparquet-compressors');
  // What a page says its size is, is checked before it is unpacked.
  const bounded = Object.fromEntries(
    Object.entries(compressors).map(([codec, unpack]) => [
      codec,
      (input: Uint8Array, length: number) => {
        if (!(length >= 0 && length <= mostBytes)) throw new Error(`a page of ${length} bytes is too large`);
        return unpack(input, length);
      },
    ]),
  );
  const file = { byteLength: size, slice: (from: number, to?: number) => bytesOf(path, from, to ?? size) };
  return parquetReadObjects({
    file,
    columns: [...columns],
    rowStart: start,
    rowEnd: end,
    compressors: bounded,
    utf8: false,
  });
}

const failedBy = (error: Error) => ({
  isOurs: error instanceof EngineError,
  name: error.name,
  message: error.message,
});

parentPort!.on('message', (request: ParquetRequest) => {
  void rows(request).then(
    (found) => reply({ rows: found }),
    (error: unknown) => reply({ failed: failedBy(error as Error) }),
  );
});
