import { type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { answers } from '../../client/probe';
import { Result } from '../../spec/result';
import { type Ended, slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { tinyJob } from '../support/tiny';
import { until } from '../support/until';

/** A `slimflow worker` on the folder's own server, and how to end it the hard way. */
interface Working {
  readonly ended: Promise<Ended>;
  readonly child: ChildProcess;
  /** What it said so far. */
  said(): string;
}

/** Starts a worker; resolves once it takes tasks. */
async function working(folder: string): Promise<Working> {
  let out = '';
  const { promise: taking, resolve } = deferred<ChildProcess>();
  const ended = slimflow(folder, ['worker', '--slots', '1'], (said, child) => {
    out = said;
    if (said.includes('"working for')) resolve(child);
  });
  const child = await Promise.race([
    taking,
    ended.then(({ out, err }): never => {
      throw new Error(`the worker ended: ${out}${err}`);
    }),
  ]);
  return { ended, child, said: () => out };
}

function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

interface Shown {
  readonly progress?: {
    readonly stage: string;
    readonly waiting?: { readonly for: string; readonly proposed: string[] };
  };
}

it('a run waits for a person while everything is killed and started again, and takes the picks that are named', () =>
  inFolder(async (folder) => {
    const job = tinyJob(folder, {
      ssvdTargets: [0.5, 0.7],
      ccpFactors: [1],
      revisit: { maxRevisits: 0 },
      review: { afterPick: true },
    });
    const record = () =>
      JSON.parse(readFileSync(join(folder, '.slimflow', 'server.json'), 'utf8')) as {
        address: string;
        pid: number;
      };
    const waiting = async () => {
      const { out } = await slimflow(folder, ['status', '--json']);
      return (JSON.parse(out) as Shown).progress?.waiting;
    };
    const id = (await slimflow(folder, ['start', job])).out.trim();
    const { address } = record();
    // The server that `start` had is stopped, with the run in its history: a worker starts it again.
    expect(await answers(address)).toBe(false);
    const first = await working(folder);
    try {
      await until(async () => (await waiting())?.for === 'picks');
      process.kill(first.child.pid!, 'SIGKILL');
      process.kill(record().pid, 'SIGKILL');
      await first.ended;
      await until(async () => !(await answers(address)));

      const second = await working(folder);
      try {
        // Nobody else uses the server: it is this worker that brings it back.
        process.kill(record().pid, 'SIGKILL');
        await until(() => second.said().includes('it was started again on its history'));
        await until(async () => (await waiting())?.for === 'picks');
        expect((await waiting())?.proposed).toHaveLength(1);
        const approved = await slimflow(folder, [
          'approve',
          id,
          '--picks',
          'ssvd-0.70',
          '--note',
          'try this',
        ]);
        expect(approved).toMatchObject({ status: 0, out: 'picks approved: ssvd-0.70\n' });
        expect((await slimflow(folder, ['watch'])).status).toBe(0);
        const ended = await slimflow(folder, ['result', '--out', 'out']);
        expect(ended.status).toBe(0);
      } finally {
        second.child.kill('SIGTERM');
      }
      expect((await second.ended).status).toBe(0);
      // The last to leave stops it.
      expect(await answers(address)).toBe(false);
    } finally {
      first.child.kill('SIGKILL');
    }
    expect(existsSync(join(folder, 'out', 'model.onnx'))).toBe(true);
    const result = Result.parse(JSON.parse(readFileSync(join(folder, 'out', 'result.json'), 'utf8')));
    expect(result).toMatchObject({
      workflowId: id,
      picks: ['ssvd-0.70'],
      decisions: [{ what: 'picks approved: ssvd-0.70', note: 'try this' }],
    });
    expect(result.candidates.map((one) => one.id)).toContainEqual(expect.stringMatching(/^ssvd-0\.70\/cp-/));
  }));
