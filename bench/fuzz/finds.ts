import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Find } from './judge';
import { keptFolder } from './seeds';
import type { Target, TargetName } from './target';
import { targets } from './targets';

/** A find as it is kept: what happened, and with which target. */
export interface KeptFind extends Find {
  readonly id: string;
  readonly target: TargetName;
}

/** Finds in a folder, one for each kind: its input, made smaller, and what happened. */
export class Finds {
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
  }

  /** Adds a find unless there is one of its kind. @returns it if it is new */
  add(target: Target, find: Find, input: Uint8Array, smaller = input): KeptFind | undefined {
    const digest = createHash('sha256').update(`${target.name} ${find.kind}`).digest('hex').slice(0, 6);
    const id = `${target.name}-${digest}`;
    const folder = join(this.folder, id);
    if (existsSync(folder)) return undefined;
    mkdirSync(folder);
    const kept: KeptFind = { id, target: target.name, ...find };
    writeFileSync(join(folder, `original${target.extension}`), input);
    writeFileSync(join(folder, `input${target.extension}`), smaller);
    writeFileSync(join(folder, 'find.json'), JSON.stringify(kept, undefined, 2));
    return kept;
  }

  list(): KeptFind[] {
    return readdirSync(this.folder)
      .sort()
      .map((id) => JSON.parse(readFileSync(join(this.folder, id, 'find.json'), 'utf8')) as KeptFind);
  }

  /**
   * Copies a find's input to those that the tests replay.
   * @returns the path
   * @throws Error if there is no such find
   */
  keep(id: string): string {
    const found = this.list().find((one) => one.id === id);
    if (!found) throw new Error(`there is no find ${id} in ${this.folder}; --list shows them`);
    const { extension, name } = targets.get(found.target)!;
    const slug = found.kind
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '')
      .slice(0, 60);
    const path = join(keptFolder, name, `${slug}${extension}`);
    mkdirSync(join(keptFolder, name), { recursive: true });
    copyFileSync(join(this.folder, id, `input${extension}`), path);
    return path;
  }
}
