// Removes compiled files of sources that were moved or deleted: tsc leaves them, jest would run tests that are gone, and
// the engine's digest would count them. Bundles and build records have no source and stay. Takes the project's root.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const compiled = /\.(d\.ts|js)(\.map)?$/;

if (existsSync(dist))
  for (const name of readdirSync(dist, { recursive: true })) {
    if (!compiled.test(name) || name === 'workflow-bundle.js') continue;
    if (!existsSync(join(root, name.replace(compiled, '.ts')))) rmSync(join(dist, name));
  }
