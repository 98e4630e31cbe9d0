import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Existing paths that are not files, by what they are: reading them as files would fail, hang, or never end. */
export function oddFiles(folder: string): readonly (readonly [what: string, path: string])[] {
  const [inner, fifo] = [join(folder, 'a-folder'), join(folder, 'a-fifo')];
  mkdirSync(inner, { recursive: true });
  execFileSync('mkfifo', [fifo]);
  return [
    ['a folder', inner],
    ['a FIFO', fifo],
    ['a device', '/dev/zero'],
  ];
}
