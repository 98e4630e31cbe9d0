// The main job on the example: data, then the whole guidebook by `slimflow run`.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = (...args) =>
  new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
    child.on('exit', (status) => (status === 0 ? done() : process.exit(status ?? 1)));
  });

// A Ctrl-C reaches the whole process group: `slimflow run` detaches from the run, and this waits for it to have done so.
process.on('SIGINT', () => undefined);
await node(join('examples', 'digits', 'prepare.mjs'));
await node(
  join('dist', 'cli', 'main.js'),
  'run',
  join('examples', 'digits', 'slimflow.yaml'),
  ...process.argv.slice(2),
);
