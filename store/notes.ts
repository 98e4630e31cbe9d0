import { link, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { readJson, writeAtomically } from './files';
import { pathIn } from './checked-names';
import type { Scratch } from './scratch';

/** Small JSON documents by name, `room/key.json`; each is there completely or not at all. */
export interface Notes {
  /** Returns the JSON of a note; undefined if there is none, or it is not JSON. */
  get(name: string): Promise<unknown>;
  set(name: string, value: unknown): Promise<void>;
  /** Writes a note unless there is one already, and returns the one that is there then. */
  create(name: string, value: unknown): Promise<unknown>;
}

/** Notes in a local folder. */
export class FileNotes implements Notes {
  constructor(
    private readonly root: string,
    private readonly scratch: Scratch,
  ) {}

  get(name: string): Promise<unknown> {
    return readJson(pathIn(this.root, name));
  }

  async set(name: string, value: unknown): Promise<void> {
    await writeAtomically(pathIn(this.root, name), JSON.stringify(value), await this.scratch.name());
  }

  async create(name: string, value: unknown): Promise<unknown> {
    const temporary = await this.scratch.name();
    await writeAtomically(temporary, JSON.stringify(value));
    try {
      const path = pathIn(this.root, name);
      await mkdir(dirname(path), { recursive: true });
      await link(temporary, path);
      return value;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return await this.get(name);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}
