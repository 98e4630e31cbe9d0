import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';

import { type Browser, chromium } from 'playwright-core';

const execute = promisify(execFile);
const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome', 'chrome', 'msedge'];
const minutes = (count: number) => ({ timeout: count * 60_000, maxBuffer: 1 << 26 });

/** Stands for the browser that Playwright itself keeps, which it finds without a path. */
const playwrights = '';

/** Sources of a browser, in the order in which they are tried. */
const sources: readonly (readonly [
  from: string,
  find: () => Promise<string | undefined> | string | undefined,
])[] = [
  ['CHROME_PATH', () => process.env.CHROME_PATH || undefined],
  ['PATH', onPath],
  ["Playwright's cache", () => playwrights],
  ['apt-get (as root)', aptGet],
  ["Playwright's download", download],
];

/**
 * A Chromium without a window, installed where the machine has none.
 * @throws Error that says what was tried and how to bring one
 */
export async function launchBrowser(): Promise<Browser> {
  const tried: string[] = [];
  for (const [from, find] of sources) {
    try {
      const executablePath = await find();
      if (executablePath !== undefined)
        return await chromium.launch({
          executablePath: executablePath || undefined,
          // Containers run as root and have little shared memory.
          args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--force-color-profile=srgb'],
          ...minutes(3),
        });
      tried.push(`${from}: none`);
    } catch (error) {
      tried.push(`${from}: ${(error as Error).message.trim().split('\n').slice(0, 3).join(' ')}`);
    }
  }
  throw new Error(
    `pages are tested in Chromium, and there is none: install it (apt-get install chromium), or name one by CHROME_PATH. Tried:\n${tried.join('\n')}`,
  );
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

/** Debian and its kin have Chromium as a package; the package lists of an image may be missing or old. */
async function aptGet(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return undefined;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-q', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=3'];
  const update = () => execute('apt-get', [...options, 'update'], { env, ...minutes(2) });
  await update().catch(update); // a mirror that is just being renewed: once more
  const install = [...options, 'install', '-y', '--no-install-recommends', 'chromium'];
  await execute('apt-get', install, { env, ...minutes(6) });
  return onPath();
}

async function download(): Promise<string> {
  const cli = join(dirname(require.resolve('playwright-core/package.json')), 'cli.js');
  await execute(process.execPath, [cli, 'install', '--only-shell', 'chromium'], minutes(5));
  return playwrights;
}
