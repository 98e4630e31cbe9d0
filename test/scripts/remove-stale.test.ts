import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { inFolder } from '../support/folder';
import { root } from '../support/paths';

it('compiled files of sources that are gone are removed; sources, bundles and records stay', () =>
  inFolder((folder) => {
    const stay = [
      'engine/names.ts',
      'dist/engine/names.js',
      'dist/engine/names.js.map',
      'dist/engine/names.d.ts',
    ]
      .concat(['dist/workflow-bundle.js', 'dist/workflow-bundle.json', 'dist/.tsbuildinfo'])
      .concat(['test/moved.test.ts', 'dist/test/moved.test.js']);
    const go = ['dist/engine/method.js', 'dist/engine/method.js.map', 'dist/engine/method.d.ts'].concat([
      'dist/engine/method.d.ts.map',
      'dist/test/old/moved.test.js',
    ]);
    for (const name of [...stay, ...go]) {
      mkdirSync(join(folder, dirname(name)), { recursive: true });
      writeFileSync(join(folder, name), '');
    }
    const clean = () => execFileSync(process.execPath, [join(root, 'scripts', 'remove-stale.mjs'), folder]);
    clean();
    const left = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
    expect(left.sort()).toEqual(stay.sort());
  }));
