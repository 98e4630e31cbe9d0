import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { parse } from 'yaml';

import { prepare } from '../../intake/prepare';
import { loadSpec } from '../../run-spec/load';
import { Result } from '../../run-spec/result-schema';
import { openStore } from '../../store/open';
import { allInOne } from '../../workers/all-in-one';
import { slimflow } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { codeBlocks } from '../support/markdown';
import { root } from '../support/paths';
import { temporal } from '../support/temporal';
import { tinyJob } from '../support/tiny';
import { until } from '../support/until';

const execute = promisify(execFile);
const example = join(root, 'examples', 'python');
const folder = temporaryFolder();
let server: TestWorkflowEnvironment;
let python: string;

/** A Python with what the example needs: SLIMFLOW_PYTHON, or a virtual environment in the cache. */
async function withRequirements(): Promise<string> {
  const given = process.env.SLIMFLOW_PYTHON;
  if (given) return given;
  const venv = join(homedir(), '.cache', 'slimflow', 'example-python');
  const program = join(venv, 'bin', 'python');
  if (!existsSync(program)) {
    mkdirSync(join(venv, '..'), { recursive: true });
    await execute('python3', ['-m', 'venv', venv]);
  }
  await execute(program, ['-m', 'pip', 'install', '-q', '-r', join(example, 'requirements.txt')]);
  return program;
}

beforeAll(async () => {
  [server, python] = await Promise.all([temporal(), withRequirements()]);
});
afterAll(() => server.teardown());

const workers: ChildProcess[] = [];
afterAll(() => workers.forEach((one) => one.kill('SIGKILL')));

/** Starts the example's worker. */
async function pythonWorker(taskQueue: string): Promise<ChildProcess> {
  const address = server.address;
  const options = ['worker.py', '--address', address, '--task-queue', taskQueue];
  const one = spawn(python, options, { cwd: example, stdio: ['ignore', 'pipe', 'pipe'] });
  workers.push(one);
  let said = '';
  one.stdout.on('data', (data) => (said += String(data)));
  one.stderr.on('data', (data) => (said += String(data)));
  await Promise.race([
    until(() => said.includes('working on')),
    once(one, 'close').then(() => {
      throw new Error(`the worker ended: ${said}`);
    }),
  ]);
  return one;
}

const theirs = { taskQueue: 'python', version: 1, heartbeat: '5s' };

it('a run judged and trained in Python is started from JSON, and loses nothing if the worker is killed', async () => {
  const spec = loadSpec(
    tinyJob(folder, {
      techniques: ['spatial-svd'],
      target: 0.6,
      ssvdTargets: [0.6],
      metric: { ...theirs, activity: 'balancedAccuracy', settings: { batch: 20 } },
      // Long enough to be killed in the middle.
      fineTune: { ...theirs, activity: 'distill', settings: { epochs: 60, batch: 20 } },
    }),
  );
  const store = join(folder, 'store');
  const input: unknown = JSON.parse(JSON.stringify(await prepare(spec, openStore(store))));
  const taskQueue = 'python-run';
  const ours = await allInOne({
    connection: { address: server.address },
    namespace: 'default',
    taskQueue,
    store,
    slots: 1,
  });
  try {
    const first = await pythonWorker('python');
    const handle = await server.client.workflow.start('guidebook', {
      workflowId: 'python',
      taskQueue,
      args: [input],
    });
    const training = async () => {
      const { raw } = await server.client.workflow.getHandle('python/ssvd-0.60').describe();
      return raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'distill');
    };
    await until(async () => Boolean((await training().catch(() => undefined))?.lastHeartbeatTime));
    first.kill('SIGKILL');
    await once(first, 'close');
    await pythonWorker('python');
    const { outcome, metric, original, candidates } = Result.parse(await handle.result());
    expect([outcome, metric]).toEqual(['selected', 'balancedAccuracy']);
    expect(original.details).toHaveProperty('byClass');
    expect(candidates[0].provenance.at(-1)).toMatchObject({ device: 'activity distill, version 1' });
    const { history } = await server.client.workflow
      .getHandle('python/ssvd-0.60')
      .fetchHistory()
      .then((found) => ({ history: found }));
    const started = (history.events ?? []).flatMap(
      ({ activityTaskStartedEventAttributes: one }) => one ?? [],
    );
    expect(Math.max(...started.map(({ attempt }) => attempt ?? 1))).toBeGreaterThan(1);
  } finally {
    await ours.stop();
  }
});

const page = (name: string) => readFileSync(join(root, 'docs', name), 'utf8');
const indented = (code: string) => code.trim().replace(/^/gm, '    ');

it('docs/from-another-language.md: Python starts a run, approves in it, and gets its result', async () => {
  const at = join(folder, 'page');
  mkdirSync(at);
  const store = join(at, 'store');
  const spec = loadSpec(tinyJob(at, { techniques: ['weight-svd'], review: { afterSelect: true } }));
  writeFileSync(join(at, 'input.json'), JSON.stringify(await prepare(spec, openStore(store))));
  const [start, decide] = codeBlocks(page('from-another-language.md'), 'python').map(({ code }) => code);
  writeFileSync(
    join(at, 'page.py'),
    `import asyncio, json, sys
from temporalio.client import Client

async def start(client):
${indented(start)}
    return result

async def decide(client):
${indented(decide)}
    return bool(progress.get("waiting"))

async def main():
    client = await Client.connect(sys.argv[1])
    running = asyncio.create_task(start(client))
    while not running.done():
        try:
            if await decide(client):
                break
        except Exception:  # it has not begun yet
            pass
        await asyncio.sleep(0.2)
    print(json.dumps(await running))

asyncio.run(main())
`,
  );
  const ours = await allInOne({
    connection: { address: server.address },
    namespace: 'default',
    taskQueue: 'compression',
    store,
  });
  try {
    const { stdout } = await execute(python, ['page.py', server.address], { cwd: at });
    const { decisions } = Result.parse(JSON.parse(stdout));
    expect(decisions).toMatchObject([{ by: 'ann', note: 'looks right' }]);
  } finally {
    await ours.stop();
  }
});

it("docs/your-own-training.md: a loss out of PyTorch's export trains a run", async () => {
  const at = join(folder, 'loss');
  mkdirSync(at);
  const [focal] = codeBlocks(page('your-own-training.md'), 'python').map(({ code }) => code);
  const four = focal.replaceAll('10', '4').replaceAll('"logits"', '"y"');
  await execute(python, ['-c', `import torch\n${four}`], { cwd: at });
  const [graph] = codeBlocks(page('your-own-training.md'), 'yaml').map(({ code }) => code);
  tinyJob(at, { techniques: ['weight-svd'], ...(parse(graph) as object) });
  const { status, err } = await slimflow(at, ['run', 'job.json']);
  expect([status, status ? err : '']).toEqual([0, '']);
  const result = Result.parse(JSON.parse(readFileSync(join(at, 'out', 'result.json'), 'utf8')));
  expect(result.candidates[0].provenance).toHaveLength(2);
});

it('a short or misspelt input fails at once, with the name of the field', async () => {
  const ours = await allInOne({
    connection: { address: server.address },
    namespace: 'default',
    taskQueue: 'short',
    store: join(folder, 'store'),
  });
  try {
    const failed = server.client.workflow.execute('guidebook', {
      workflowId: 'short',
      taskQueue: 'short',
      args: [{ name: 'x' }],
    });
    await expect(failed).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/^guidebook: model/) as string },
    });
  } finally {
    await ours.stop();
  }
});
