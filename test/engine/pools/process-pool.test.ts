import { spawnSync } from 'node:child_process';
import { mkdirSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { EngineError } from '../../../engine/errors';
import { residentBytes } from '../../../engine/pools/memory';
import { ProcessPool } from '../../../engine/pools/process-pool';
import { isAlive } from '../../../store/scratch';
import { limitVariables } from '../../../engine/runtime/guard/guarded-run';
import { saveModel } from '../../../engine/onnx/model';
import type { Graph } from '../../../engine/onnx/graph';
import { inFolder } from '../../support/folder';
import { growing, looping } from '../../support/hostile-graphs';
import { machinery } from '../../support/method';
import { digits, digitsModel, root } from '../../support/paths';

const evaluation = { model: digitsModel(), data: digits(0, 7000), metric: 'top1', machinery } as const;
const analysis = { model: digitsModel() };

function savedIn(folder: string, graph: Graph): string {
  const path = join(folder, 'model.onnx');
  saveModel(graph, path, { durable: false });
  return path;
}

describe('ProcessPool', () => {
  const pool = new ProcessPool({ slots: 2, idleMs: 600_000 });
  afterAll(() => pool.close());

  it('runs jobs in one process after another, with progress', async () => {
    const notes: string[] = [];
    expect((await pool.run('analyze', analysis)).macs).toBe(31_021_952);
    const before = pool.pids;
    const small = { ...evaluation, data: digits(0, 500) };
    const { value } = await pool.run('evaluate', small, { onProgress: ({ note }) => notes.push(note) });
    expect(value).toBeGreaterThan(95);
    expect(notes.length).toBeGreaterThan(5);
    expect(pool.pids).toEqual(before);
    expect(before).toHaveLength(1);
  });

  it('keeps the code of an error', async () => {
    const failure = await pool.run('analyze', { model: 'none.onnx' }).catch((error: EngineError) => error);
    expect(failure).toMatchObject({ code: 'InvalidModel' });
  });

  it('stops a job that is asked to, and its process serves on', async () => {
    const controller = new AbortController();
    const job = pool.run('evaluate', evaluation, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
      grace: () => 600_000,
    });
    await expect(job).rejects.toMatchObject({ code: 'Cancelled' });
    expect(pool.pids).toHaveLength(1);
  });

  it('does not run a job that was stopped before its turn', async () => {
    const job = pool.run('analyze', analysis, { signal: AbortSignal.abort() });
    await expect(job).rejects.toMatchObject({ code: 'Cancelled' });
  });

  it('kills one that does not stop: nothing computes any more', async () => {
    const controller = new AbortController();
    const [pid] = pool.pids;
    const stopped = pool.run('evaluate', evaluation, {
      signal: controller.signal,
      onProgress: () => {
        // Stands for native code that does not listen.
        process.kill(pid, 'SIGSTOP');
        controller.abort();
      },
      grace: () => 50,
    });
    await expect(stopped).rejects.toMatchObject({ code: 'Cancelled' });
    expect(isAlive(pid)).toBe(false);
  });

  it.each([
    ['SIGSEGV', 'Crashed', /^native code crashed in evaluate \(at \d+\/7000 samples\), exit signal SIGSEGV/],
    ['SIGKILL', 'OutOfMemory', /^the system killed the process of evaluate .* memory runs out/],
  ] as const)('a process that dies of %s fails its job alone', async (signal, problem, message) => {
    const other = pool.run('analyze', analysis);
    let left = '';
    const job = pool.run('evaluate', evaluation, {
      onProgress: () => {
        // The other job may be over: the busy one is the last that was started.
        const pid = pool.busyPids[pool.busyPids.length - 1];
        left ||= join(tmpdir(), `slimflow-model-${pid}-left`);
        mkdirSync(left, { recursive: true });
        process.kill(pid, signal);
      },
    });
    await expect(job).rejects.toMatchObject({ problem, message: expect.stringMatching(message) as string });
    expect((await other).macs).toBe(31_021_952);
    expect(existsSync(left)).toBe(false);
    expect((await pool.run('analyze', analysis)).macs).toBe(31_021_952);
  });

  it('takes its processes with it when it is closed', async () => {
    const own = new ProcessPool({ slots: 1 });
    await own.run('analyze', analysis);
    const [pid] = own.pids;
    await own.close();
    expect(isAlive(pid)).toBe(false);
  });

  it('takes its processes with it when it is killed', async () => {
    const file = join(root, 'dist', 'engine', 'pools', 'process-pool.js');
    const script = `
      const { ProcessPool } = require(${JSON.stringify(file)});
      const pool = new ProcessPool({ slots: 1 });
      const onProgress = () => {
        require('node:fs').writeSync(1, String(pool.pids[0]));
        process.kill(process.pid, 'SIGKILL');
      };
      pool.run('evaluate', ${JSON.stringify(evaluation)}, { onProgress });`;
    const { stdout, signal } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
    expect(signal).toBe('SIGKILL');
    // Nobody may be there to reap it: what is dead has no memory any more.
    const pid = Number(/^\d+/.exec(stdout)![0]);
    while (residentBytes(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('refuses what can not fit, and where somebody else would do it what may not, before it begins', async () => {
    const started: string[] = [];
    const refusal = async (memory: number, elsewhere: boolean) => {
      const own = new ProcessPool({ slots: 1, memory });
      const onStart = () => started.push('one');
      const error: unknown = await own
        .run('analyze', analysis, { elsewhere, onStart })
        .catch((e: unknown) => e);
      await own.close();
      return error;
    };
    const too = (message: RegExp) => ({
      problem: 'OutOfMemory',
      message: expect.stringMatching(message) as string,
    });
    expect(await refusal(2 ** 18, false)).toMatchObject(
      too(/^analyze needs 0\.0 GiB of memory for the weights alone/),
    );
    expect(await refusal(2 ** 27, true)).toMatchObject(
      too(/^analyze may need 0\.3 GiB of memory, more than the 0\.1 GiB/),
    );
    expect(started).toEqual([]);
  });

  it('lets go of a job that is stopped while it waits for a process', async () => {
    const own = new ProcessPool({ slots: 1 });
    try {
      const [first, second] = [new AbortController(), new AbortController()];
      let begin = () => {};
      const begun = new Promise<void>((resolve) => (begin = resolve));
      const running = own.run('evaluate', evaluation, { signal: first.signal, onStart: begin });
      await begun;
      const waiting = own.run('analyze', analysis, { signal: second.signal });
      second.abort();
      await expect(waiting).rejects.toMatchObject({
        code: 'Cancelled',
        message: expect.stringContaining('a process') as string,
      });
      first.abort();
      await expect(running).rejects.toMatchObject({ code: 'Cancelled' });
    } finally {
      await own.close();
    }
  });

  it('has the system refuse what a model allocates beyond the limit, and names the node', async () => {
    const own = new ProcessPool({ slots: 1, memory: 2 ** 31 });
    await inFolder(async (folder) => {
      // 16 GB at once: no look at the memory in use would come in time.
      const model = savedIn(folder, growing(2 ** 16, 2 ** 16));
      const latency = { models: [model], machinery, inputSize: [2, 3], runs: 1 };
      await expect(own.run('latency', latency)).rejects.toMatchObject({
        message: expect.stringMatching(/huge.*memory/s) as string,
      });
    }).finally(() => own.close());
  });

  it('ends a run that has no end after the seconds that were announced, and names the node', async () => {
    const own = new ProcessPool({ slots: 1 });
    process.env[limitVariables.seconds] = '1';
    try {
      await inFolder(async (folder) => {
        const model = savedIn(folder, looping());
        const rehearsal = { machinery, runs: [], latency: true };
        const failed = own.run('analyze', { model, inputSize: [2, 3], rehearsal });
        await expect(failed).rejects.toMatchObject({
          code: 'UnsupportedModel',
          message: expect.stringMatching(/^node round and round \(Loop\) takes longer than 1 s /) as string,
        });
      });
      expect((await own.run('analyze', analysis)).macs).toBe(31_021_952);
    } finally {
      delete process.env[limitVariables.seconds];
      await own.close();
    }
  });

  it('ends a job that takes more memory than there is, and says so', async () => {
    const own = new ProcessPool({ slots: 1, memory: 2 ** 25 });
    try {
      await expect(own.run('evaluate', evaluation)).rejects.toMatchObject({
        problem: 'OutOfMemory',
        message: expect.stringMatching(
          /used 0\.\d GiB of memory; this worker's jobs may use 0\.0 GiB/,
        ) as string,
      });
    } finally {
      await own.close();
    }
  });
});
