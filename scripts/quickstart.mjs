// The main job on the example: data, then the whole guidebook by `slimflow run`.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = (...args) => {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};
node(join('examples', 'digits', 'prepare.mjs'));
node(
  join('dist', 'cli', 'main.js'),
  'run',
  join('examples', 'digits', 'slimflow.yaml'),
  ...process.argv.slice(2),
);
