import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

import { root } from './paths';

/** End of a command, and its output. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Commands that run. */
const running = new Set<ChildProcess>();
/** A test that fails, or takes too long, leaves none behind that would keep all others waiting. */
afterEach(() => running.forEach((child) => child.kill('SIGKILL')));

/** Runs the compiled command line in a folder, as a user would; `watch` sees all that it said so far, at each piece. */
export function slimflow(
  folder: string,
  args: readonly string[],
  watch: (said: string, child: ChildProcess, err: string) => void = () => undefined,
  environment: NodeJS.ProcessEnv = {},
): Promise<Ended> {
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...args], {
    cwd: folder,
    env,
  });
  running.add(child);
  let [out, err] = ['', ''];
  child.stdout.on('data', (data) => {
    out += String(data);
    watch(out, child, err);
  });
  child.stderr.on('data', (data) => {
    err += String(data);
    watch(out, child, err);
  });
  return new Promise((resolve) =>
    child.on('close', (status, signal) => {
      running.delete(child);
      resolve({ status, signal, out, err });
    }),
  );
}

/** Expects a command to have ended with a status; a failure shows all that it said. */
export function expectStatus(ended: Ended, status: number): void {
  if (ended.status === status) return;
  const { out, err } = ended;
  const error = new Error(
    `it ended with ${ended.status ?? ended.signal}, not ${status}; standard output:\n${out}\nstandard error:\n${err}`,
  );
  Error.captureStackTrace(error, expectStatus);
  throw error;
}
