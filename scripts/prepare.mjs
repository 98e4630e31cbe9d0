// Brings a fresh clone to where its commands can run: dependencies, then the compiled package. Does nothing that is done.
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// The dependencies that could read a range may not be there yet: `^20.19.0 || >=22.12.0` is read by hand.
const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const [major, minor] = process.versions.node.split('.').map(Number);
const fits = engines.node.split(' || ').some((range) => {
  const [, sign, fromMajor, fromMinor] = /^(\^|>=)(\d+)\.(\d+)\.0$/.exec(range);
  const isLater = sign === '>=' && major > Number(fromMajor);
  return isLater || (major === Number(fromMajor) && minor >= Number(fromMinor));
});
if (!fits) {
  console.error(`Slimflow needs Node ${engines.node}; this is ${process.version}`);
  process.exit(1);
}
const run = (command, ...args) => {
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    // npm before 11.16 does not read allowScripts in package.json, and would have ONNX Runtime download CUDA.
    env: { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env },
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
};
const time = (path) => (existsSync(join(root, path)) ? statSync(join(root, path)).mtimeMs : 0);

if (time('node_modules/.package-lock.json') < time('package-lock.json')) {
  // npm ci would empty the folder that a link points to, which others may be using.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.error('node_modules is a link, and older than package-lock.json: run npm ci where it points to');
    process.exit(1);
  }
  console.log('Installing dependencies (npm ci) …');
  run('npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error');
}
console.log('Building …');
run(process.execPath, join('scripts', 'remove-stale.mjs'));
run(process.execPath, join('node_modules', 'typescript', 'bin', 'tsc'), '-p', '.');
run(process.execPath, join('dist', 'workers', 'workflow-bundle.js'));
