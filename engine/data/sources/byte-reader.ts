import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

import { EngineError } from '../../errors';
import { unreadable } from './unreadable';

/** Opens a file as a stream, decompressed if its name ends in .gz or .tgz. The stream's errors are those of reading. */
export function byteStream(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: 2 ** 20 });
  if (!['.gz', '.tgz'].includes(extname(path).toLowerCase())) return file;
  // Whoever reads the stream gets the error.
  return pipeline(file, createGunzip({ chunkSize: 2 ** 18 }), () => undefined);
}

/** Reads a stream in pieces of given lengths; holds no more than what was asked for and one chunk. */
export class ByteReader {
  private readonly chunks: AsyncIterator<Buffer>;
  private rest: Buffer = Buffer.alloc(0);

  /** @param name its name in messages */
  constructor(
    private readonly name: string,
    private readonly stream: Readable,
  ) {
    this.chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /** Opens a file, which may be compressed by gzip. */
  static open(path: string): ByteReader {
    return new ByteReader(path, byteStream(path));
  }

  /**
   * Reads `length` bytes.
   * @param what is being read, for messages
   * @throws EngineError `InvalidData` if the stream ends before, or can't be read
   */
  async read(length: number, what: string): Promise<Buffer> {
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0) {
      if (!this.rest.length) {
        const next = await this.chunks.next().catch((error: Error) => {
          throw unreadable(this.name, error);
        });
        if (next.done)
          throw new EngineError('InvalidData', `${this.name} is cut short: it ends within ${what}`);
        this.rest = next.value;
      }
      const part = this.rest.subarray(0, missing);
      this.rest = this.rest.subarray(part.length);
      missing -= part.length;
      parts.push(part);
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts, length);
  }

  close(): void {
    this.stream.destroy();
  }
}
