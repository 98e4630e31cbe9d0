import type {
  GetObjectCommandOutput,
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
  S3,
  S3ClientConfig,
} from '@aws-sdk/client-s3';
import { createReadStream } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

import { isMissing, isOutdated, s3Error } from './bucket-errors';
import { StoreError } from './store-errors';

/** The SDK takes 200 ms to load, so it is loaded only for stores that need it. */
const load = createRequire(__filename);

/**
 * Checks that the S3 SDK is installed: Slimflow doesn't bring it, since most stores are folders.
 * @param what needs them, as in "store s3://bucket"
 * @throws RangeError that says what to install
 */
export function checkS3Packages(what: string): void {
  const missing = ['@aws-sdk/client-s3', '@aws-sdk/lib-storage'].filter((name) => {
    try {
      return !load.resolve(name);
    } catch {
      return true;
    }
  });
  if (missing.length)
    throw new RangeError(
      `${what}: S3 needs packages that are not installed: npm install ${missing.join(' ')}`,
    );
}

/**
 * Loads what signs URLs: only activities of users' own need them.
 * @throws RangeError that says what to install
 */
function presigner(): typeof import('@aws-sdk/s3-request-presigner') {
  const name = '@aws-sdk/s3-request-presigner';
  try {
    return load(name) as typeof import('@aws-sdk/s3-request-presigner');
  } catch (error) {
    throw new RangeError(`activities of your own read an S3 store by signed URLs: npm install ${name}`, {
      cause: error,
    });
  }
}

/** An object in the bucket. */
export interface BucketEntry {
  readonly key: string;
  readonly bytes: number;
  /** When it was last written, in ms since 1970, by the server's clock. */
  readonly time: number;
  readonly etag?: string;
}

type UploadMarker = Pick<ListMultipartUploadsCommandInput, 'KeyMarker' | 'UploadIdMarker'>;
type UploadsPage = Partial<ListMultipartUploadsCommandOutput>;

/** Larger files are uploaded in parts of this size. */
const partBytes = 8 << 20;
/** Parts of a multipart upload, of which S3 allows at most 10,000. */
const mostParts = 9000;
/** Largest object that the server copies onto itself in one request. */
const copyLimit = 5 * 2 ** 30;
/** The longest time that S3 allows for a signed URL. */
const weekSeconds = 7 * 24 * 3600;
/** Attempts of a request, or of a download that makes no progress, before the activity fails; AWS_MAX_ATTEMPTS if set. */
const mostTries = () => Number(process.env.AWS_MAX_ATTEMPTS ?? 10);

/**
 * Objects under a prefix of a bucket. Requests are retried with growing, jittered pauses; downloads resume where their
 * connection broke. An object appears completely or not at all, as S3 promises.
 *
 * @throws StoreError from every method, if the server refuses or can't be reached
 */
export class Bucket {
  private opened?: S3;

  constructor(
    private readonly name: string,
    /** Ends with a slash unless it is empty. */
    private readonly prefix: string,
    /** A connection without data for this long, in ms, is dropped. */
    private readonly idleMs = 60_000,
    /** Role that it has, for messages. */
    private readonly role = 'the store at',
  ) {}

  private get words(): string {
    return `${this.role} ${this.uri('')}`;
  }

  /** Returns the address of an object. */
  uri(key: string): string {
    return `s3://${this.name}/${this.prefix}${key}`;
  }

  /** Returns a URL by which anybody can download an object for a week. */
  url(key: string): Promise<string> {
    return this.asked((s3) => {
      const { GetObjectCommand } = load('@aws-sdk/client-s3') as typeof import('@aws-sdk/client-s3');
      return presigner().getSignedUrl(s3, new GetObjectCommand(this.at(key)), { expiresIn: weekSeconds });
    });
  }

  /** Returns a URL to which anybody can upload an object, by PUT, for a week. */
  uploadUrl(key: string): Promise<string> {
    return this.asked((s3) => {
      const { PutObjectCommand } = load('@aws-sdk/client-s3') as typeof import('@aws-sdk/client-s3');
      return presigner().getSignedUrl(s3, new PutObjectCommand(this.at(key)), { expiresIn: weekSeconds });
    });
  }

  /** Reads a small object; undefined if there is none. */
  get(key: string, range?: string): Promise<Uint8Array | undefined> {
    return this.patiently(async (s3) => {
      try {
        const { Body } = await s3.getObject({ ...this.at(key), Range: range });
        return await Body!.transformToByteArray();
      } catch (error) {
        if (isMissing(error)) return undefined;
        if ((error as Error).name === 'InvalidRange') return new Uint8Array(); // an empty object has no first byte
        throw error;
      }
    });
  }

  /** Writes a small object; with `ifAbsent` only if there is none. Returns false if there was one. */
  put(key: string, content: string | Uint8Array, { ifAbsent = false } = {}): Promise<boolean> {
    return this.asked(async (s3) => {
      try {
        await s3.putObject({ ...this.at(key), Body: content, ...(ifAbsent && { IfNoneMatch: '*' }) });
        return true;
      } catch (error) {
        if (ifAbsent && isOutdated(error)) return false;
        throw error;
      }
    });
  }

  /** Uploads a file of known SHA-256, in parts if it is large; the server verifies what it receives. */
  async putFile(
    key: string,
    path: string,
    { sha256, bytes }: { sha256: string; bytes: number },
  ): Promise<void> {
    await this.asked(async (s3) => {
      if (bytes <= partBytes) {
        const ChecksumSHA256 = Buffer.from(sha256, 'hex').toString('base64');
        await s3.putObject({ ...this.at(key), Body: await readFile(path), ChecksumSHA256 });
        return;
      }
      const { Upload } = load('@aws-sdk/lib-storage') as typeof import('@aws-sdk/lib-storage');
      await new Upload({
        client: s3,
        params: { ...this.at(key), Body: createReadStream(path) },
        partSize: Math.max(partBytes, Math.ceil(bytes / mostParts)),
        queueSize: 4,
      }).done();
    });
  }

  /** Downloads an object into a new file, and returns its ETag, or undefined if there is no such object. */
  async download(key: string, path: string): Promise<string | undefined> {
    const file = await open(path, 'w');
    let at = { done: 0, etag: undefined as string | undefined };
    try {
      for (let failures = 0; ;) {
        const before = at.done;
        try {
          const Range = at.done ? `bytes=${at.done}-` : undefined;
          const answer = await this.s3.getObject({ ...this.at(key), Range, IfMatch: at.etag });
          at.etag = answer.ETag;
          for await (const chunk of bodyOf(answer)) {
            await file.write(chunk, 0, chunk.length, at.done);
            at.done += chunk.length;
          }
          if (at.done === totalOf(answer)) break;
          throw new Error(`${this.uri(key)}: the connection ended at byte ${at.done}`);
        } catch (error) {
          if (isMissing(error)) return undefined;
          // It was overwritten meanwhile: what was read of the previous one is useless.
          if (isOutdated(error)) at = { done: 0, etag: undefined };
          failures = at.done > before ? 1 : failures + 1;
          const known = s3Error(error, this.words);
          if (failures >= mostTries() || !isPassing(known)) throw known;
          await pause(failures);
        }
      }
      await file.truncate(at.done);
      await file.sync();
      return at.etag ?? '';
    } finally {
      await file.close();
    }
  }

  /** Returns the entry of a key; undefined if there is none. */
  head(key: string): Promise<BucketEntry | undefined> {
    return this.asked(async (s3) => {
      try {
        const { ContentLength: bytes = 0, LastModified, ETag } = await s3.headObject(this.at(key));
        return { key, bytes, time: LastModified?.getTime() ?? 0, etag: ETag };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** Resets an object's age, as if it were written now. */
  async touch({ key, bytes }: BucketEntry): Promise<void> {
    // Objects too large to copy in one request keep their age, which is all that garbage collection knows of them.
    if (bytes > copyLimit) return;
    await this.asked((s3) =>
      s3.copyObject({
        ...this.at(key),
        CopySource: `${this.name}/${encodeURI(this.prefix + key)}`,
        MetadataDirective: 'REPLACE',
        Metadata: { used: `${Date.now()}` },
      }),
    );
  }

  /** Deletes an object; with `etag` only if it is still the same one, on servers that support conditions. */
  async delete(key: string, etag?: string): Promise<void> {
    await this.asked(async (s3) => {
      try {
        await s3.deleteObject({ ...this.at(key), ...(etag && { IfMatch: etag }) });
      } catch (error) {
        if (!isMissing(error) && !isOutdated(error)) throw error;
      }
    });
  }

  /** Yields all objects whose keys start with `start`. */
  async *list(start: string): AsyncIterable<BucketEntry> {
    let ContinuationToken: string | undefined;
    do {
      const asked = { Bucket: this.name, Prefix: this.prefix + start, ContinuationToken };
      const page = await this.asked((s3) => s3.listObjectsV2(asked));
      for (const { Key = '', Size = 0, LastModified, ETag } of page.Contents ?? [])
        yield {
          key: Key.slice(this.prefix.length),
          bytes: Size,
          time: LastModified?.getTime() ?? 0,
          etag: ETag,
        };
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
  }

  /**
   * Yields multipart uploads that were started but not finished; `name` is for `abort`.
   * @param pageSize most uploads per response
   */
  async *uploads(pageSize = 1000): AsyncIterable<{ name: string; time: number }> {
    let from: UploadMarker | undefined = {};
    while (from) {
      const page = await this.uploadsFrom(from, pageSize);
      for (const { Key = '', UploadId = '', Initiated } of page.Uploads ?? [])
        yield { name: `${Key.slice(this.prefix.length)} ${UploadId}`, time: Initiated?.getTime() ?? 0 };
      const { IsTruncated, NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
      from = IsTruncated && KeyMarker ? { KeyMarker, UploadIdMarker } : undefined;
    }
  }

  /** Aborts a multipart upload and removes its parts. */
  async abort(name: string): Promise<void> {
    const at = name.lastIndexOf(' ');
    await this.asked((s3) =>
      s3.abortMultipartUpload({ ...this.at(name.slice(0, at)), UploadId: name.slice(at + 1) }),
    );
  }

  private uploadsFrom(from: UploadMarker, pageSize: number): Promise<UploadsPage> {
    const asked = { Bucket: this.name, Prefix: this.prefix, MaxUploads: pageSize, ...from };
    return this.asked(async (s3) => {
      try {
        return await s3.listMultipartUploads(asked);
      } catch (error) {
        const { name } = error as Error;
        // This is the answer of servers that have none.
        if (name === 'NoSuchUpload') return {};
        // versitygw does not accept an upload as marker: a key's remaining uploads are found once these are gone.
        if (name !== 'InvalidArgument' || !from.UploadIdMarker) throw error;
        return s3.listMultipartUploads({ ...asked, UploadIdMarker: undefined });
      }
    });
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.name, Key: this.prefix + key };
  }

  /** Makes a request that the SDK itself retries. */
  private async asked<T>(question: (s3: S3) => Promise<T>): Promise<T> {
    try {
      return await question(this.s3);
    } catch (error) {
      throw s3Error(error, this.words);
    }
  }

  /** Makes a request whose response body may break off, which the SDK does not retry. */
  private async patiently<T>(question: (s3: S3) => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures++)
      try {
        return await question(this.s3);
      } catch (error) {
        const known = s3Error(error, this.words);
        if (failures === 3 || !isPassing(known)) throw known;
        await pause(failures);
      }
  }

  private get s3(): S3 {
    const { S3 } = load('@aws-sdk/client-s3') as typeof import('@aws-sdk/client-s3');
    return (this.opened ??= new S3(configuration(this.idleMs)));
  }
}

/** Configures the client; credentials come from the SDK's standard chain. */
function configuration(socketTimeout: number): S3ClientConfig {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const endpoint = AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL;
  // A self-hosted server seldom has regions, nor names for its buckets.
  const region = AWS_REGION ?? AWS_DEFAULT_REGION ?? (endpoint ? 'us-east-1' : undefined);
  return {
    ...(endpoint && { endpoint, forcePathStyle: true }),
    ...(region && { region }),
    maxAttempts: mostTries(),
    // Digests of what is read are verified here.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 10_000, socketTimeout },
  };
}

const bodyOf = ({ Body }: GetObjectCommandOutput) => Body as AsyncIterable<Uint8Array>;

/** Returns the size of the whole object, of which a response may be a range. */
const totalOf = ({ ContentLength = 0, ContentRange }: GetObjectCommandOutput): number =>
  ContentRange ? Number(ContentRange.split('/')[1]) : ContentLength;

const isPassing = (error: unknown) => error instanceof StoreError && error.code === 'StoreUnreachable';

const pause = (failures: number) => sleep(Math.random() * Math.min(20_000, 100 * 2 ** failures));
