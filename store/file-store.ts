import { mkdir, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import type { ArtifactRef, Digest } from './artifact';
import { ContentStore } from './content-store';
import { checkpointName, pathIn, placedName } from './checked-names';
import { copyHashed, ignoreMissing } from './files';
import type { StoredObject } from './object-folder';
import type { Checkpoint, Item, Shared } from './store';

/**
 * A store in a folder, which may be on a network file system:
 *
 *    objects/ab/abcdef…        artifacts, named by the SHA-256 of their bytes; a folder holds files that belong
 *    together
 *    results/<key>.json        results of finished work and how to repeat it, by the key of the work
 *    checkpoints/<key>/…       the file that unfinished work resumes from, and a note that names it
 *    imports/<key>.json        digests of imported user files, by path, size and times
 *    placed/<key>/             what others made for work that waits for it
 *    scratch/                  folders of work in progress
 */
export class FileStore extends ContentStore {
  readonly root: string;

  constructor(root: string) {
    super(resolve(root), resolve(root));
    this.root = this.folder;
  }

  path(ref: Digest): Promise<string> {
    return this.guarded(() => this.objects.path(ref));
  }

  async share(ref: Digest): Promise<Shared> {
    return { path: await this.path(ref) };
  }

  place(key: string): Promise<Shared> {
    return this.guarded(async () => {
      const path = pathIn(this.root, placedName(key));
      await mkdir(dirname(path), { recursive: true });
      return { path };
    });
  }

  placed<T>(key: string, work: (path: string) => Promise<T>): Promise<T | undefined> {
    return this.scratch.use(async (folder) => {
      const copy = join(folder, 'model.onnx');
      const found = await this.guarded(() =>
        copyHashed(pathIn(this.root, placedName(key)), copy).catch(ignoreMissing),
      );
      return found && work(copy);
    });
  }

  dropPlaced(key: string): Promise<void> {
    return this.guarded(() =>
      rm(dirname(pathIn(this.root, placedName(key))), { recursive: true, force: true }),
    );
  }

  has(ref: Digest): Promise<boolean> {
    return this.guarded(() => this.objects.has(ref));
  }

  checkpoint(key: string): Promise<Checkpoint | undefined> {
    return this.guarded(async () => {
      const digest = await this.checkpoints.latest(key);
      const path = digest && (await this.checkpoints.path(key, digest));
      return path === undefined ? undefined : { ref: this.checkpointRef(key, digest!), path };
    });
  }

  setCheckpoint(key: string, file: string): Promise<ArtifactRef> {
    return this.guarded(async () => this.checkpointRef(key, await this.checkpoints.set(key, file)));
  }

  dropCheckpoint(key: string): Promise<void> {
    return this.guarded(() => this.checkpoints.drop(key));
  }

  items(): AsyncIterable<Item> {
    return this.rooms.items('objects', 'results', 'checkpoints', 'imports', 'placed', 'scratch');
  }

  remove(item: Item, olderThan: number): Promise<boolean> {
    return this.guarded(() => this.rooms.remove(item, olderThan));
  }

  protected publish(): Promise<void> {
    return Promise.resolve(); // everyone sees what is in the folder
  }

  protected use(ref: Digest): Promise<boolean> {
    return this.guarded(() => this.objects.use(ref));
  }

  protected uri({ sha256, name }: StoredObject): string {
    return pathToFileURL(this.objects.pathOf(sha256, name)).href;
  }

  protected peek(ref: Digest): Promise<number> {
    return this.objects.peek(ref);
  }

  private checkpointRef(key: string, { sha256, bytes }: Digest): ArtifactRef {
    return { uri: pathToFileURL(pathIn(this.root, checkpointName(key, sha256))).href, sha256, bytes };
  }
}
