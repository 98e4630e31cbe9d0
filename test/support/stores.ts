import { S3 } from '@aws-sdk/client-s3';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { ArtifactRef } from '../../store/artifact';
import { FileStore } from '../../store/file-store';
import { type OpenOptions, openStore } from '../../store/open';
import type { Store } from '../../store/store';
import { inFolder } from './folder';
import type { S3Server } from './s3-server';

/** Location of a store's bytes, for a test to break them. */
interface Inside {
  /** Overwrites what lies under a name: `results/k.json`. */
  readonly write: (name: string, bytes: string) => Promise<void>;
  readonly erase: (name: string) => Promise<void>;
  /** The names that begin so. */
  readonly names: (start: string) => Promise<string[]>;
}

/** A store to test, and what others may do to it. */
export interface StoreBench extends Inside {
  readonly store: Store;
  /** A folder of the test's own. */
  readonly folder: string;
  /** The same store as another machine sees it. */
  readonly elsewhere: () => Store;
  /** Overwrites the bytes of an artifact, or of a file of it. */
  readonly spoil: (ref: ArtifactRef, bytes: string, member?: string) => Promise<void>;
  /** Removes an artifact, or a file of it. */
  readonly lose: (ref: ArtifactRef, member?: string) => Promise<void>;
}

export type InStore = <T>(work: (bench: StoreBench) => Promise<T>) => Promise<T>;

const nameOf = ({ sha256 }: ArtifactRef, member?: string) =>
  ['objects', sha256.slice(0, 2), sha256, ...(member ? [member] : [])].join('/');

const bench = (folder: string, open: () => Store, inside: Inside): StoreBench => ({
  store: open(),
  folder,
  elsewhere: open,
  ...inside,
  spoil: (ref, bytes, member) => inside.write(nameOf(ref, member), bytes),
  lose: (ref, member) => inside.erase(nameOf(ref, member)),
});

export const inFileStore: InStore = (work) =>
  inFolder((folder) => {
    const root = join(folder, 'store');
    return work(
      bench(folder, () => new FileStore(root), {
        write: async (name, bytes) => {
          mkdirSync(dirname(join(root, name)), { recursive: true });
          writeFileSync(join(root, name), bytes);
        },
        erase: async (name) => rmSync(join(root, name)),
        names: async (start) => readdirSync(join(root, start)).map((name) => `${start}/${name}`),
      }),
    );
  });

let prefixes = 0;

/** A store under a prefix of its own on a server, which is looked into directly. */
export const inS3Store =
  (server: () => S3Server, options: Pick<OpenOptions, 'cacheBytes' | 'idleMs'> = {}): InStore =>
  (work) =>
    inFolder((folder) => {
      const { bucket, port, credentials } = server();
      const prefix = `test/${++prefixes}`;
      let machines = 0;
      const open = () =>
        openStore(`s3://${bucket}/${prefix}`, { cache: join(folder, `cache-${++machines}`), ...options });
      const endpoint = `http://127.0.0.1:${port}`;
      const s3 = new S3({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
      const at = (name: string) => ({ Bucket: bucket, Key: `${prefix}/${name}` });
      return work(
        bench(folder, open, {
          write: async (name, bytes) => void (await s3.putObject({ ...at(name), Body: Buffer.from(bytes) })),
          erase: async (name) => void (await s3.deleteObject(at(name))),
          names: async (start) => {
            const { Contents = [] } = await s3.listObjectsV2({ Bucket: bucket, Prefix: at(start).Key });
            return Contents.map(({ Key }) => Key!.slice(prefix.length + 1));
          },
        }),
      );
    });
