import type { Bucket } from './bucket';
import type { Notes } from './notes';

/** Notes as small objects of a bucket. */
export class BucketNotes implements Notes {
  constructor(private readonly bucket: Bucket) {}

  async get(name: string): Promise<unknown> {
    const content = await this.bucket.get(name);
    try {
      return content && JSON.parse(Buffer.from(content).toString());
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  async set(name: string, value: unknown): Promise<void> {
    await this.bucket.put(name, JSON.stringify(value));
  }

  async create(name: string, value: unknown): Promise<unknown> {
    await this.bucket.put(name, JSON.stringify(value), { ifAbsent: true });
    // A server without conditional writes has kept the last one: everybody uses what it has now.
    return this.get(name);
  }
}
