import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { inFolder } from './support/folder';
import { root } from './support/paths';

/** Looks for circles among the files of a folder, by the package's rule. */
const circles = (place: string): { readonly found: boolean; readonly told: string } => {
  const command = join(root, 'node_modules', 'dependency-cruiser', 'bin', 'dependency-cruise.mjs');
  const args = [command, '--config', join(root, '.dependency-cruiser.js'), place];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  return { found: status !== 0, told: stdout + stderr };
};

it('no file of the house imports itself by way of others', () => {
  const { found, told } = circles('.');
  expect({ found, told: found && told }).toEqual({ found: false, told: false });
  // Had it read no file, it would have found none.
  expect(Number(/(\d+) modules/.exec(told)?.[1])).toBeGreaterThan(500);
});

it.each([
  [
    'values',
    "import { b } from './b';\nexport const a = () => b;",
    "import { a } from './a';\nexport const b = () => a;",
  ],
  [
    'types',
    "import type { B } from './b';\nexport type A = B[];",
    "import type { A } from './a';\nexport type B = A[];",
  ],
  [
    'a type and import()',
    'export type A = 1;\nexport const run = () => import("./b");',
    "import type { A } from './a';\nexport const b: A = 1;",
  ],
])('a circle of %s is found', (_, a, b) =>
  inFolder((folder) => {
    for (const [name, code] of Object.entries({ a, b })) {
      const file = join(folder, 'room', `${name}.ts`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, code);
    }
    const { found, told } = circles(join(folder, 'room'));
    expect({ found, told }).toEqual({ found: true, told: expect.stringContaining('no-circle') as string });
  }),
);
