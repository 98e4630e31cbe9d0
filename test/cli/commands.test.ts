import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { TimedRunEvent } from '../../client/follow';
import { Result } from '../../run-spec/result-schema';
import { expectStatus, slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { crossEntropy, lossConstants, lossOf } from '../support/loss-graphs';
import { temporal } from '../support/temporal';
import { tinyJob } from '../support/tiny';
import { until } from '../support/until';

let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
});
afterAll(() => server.teardown());

const hits = `export class hits {
  right = 0;
  all = 0;
  add({ y }, { labels }) {
    this.right += y.data.indexOf(Math.max(...y.data)) === labels[0] ? 1 : 0;
    this.all++;
  }
  value() { return (100 * this.right) / this.all; }
}`;
const json = (text: string) => JSON.parse(text) as Record<string, unknown>;
const jsonLines = (text: string) => text.trim().split('\n').map(json);

it('a run is started, looked at, cancelled, run again, and its result taken', () =>
  inFolder(async (folder) => {
    const run = (...args: string[]) =>
      slimflow(folder, args, undefined, { TEMPORAL_ADDRESS: server.address });
    // With a metric and a loss of the user's own.
    writeFileSync(join(folder, 'metric.mjs'), hits);
    writeFileSync(join(folder, 'loss.onnx'), Buffer.from(lossOf(crossEntropy, lossConstants), 'base64'));
    const job = tinyJob(folder, {
      techniques: ['spatial-svd'],
      ssvdTargets: [0.5],
      metric: { module: './metric.mjs', export: 'hits' },
      fineTune: { epochs: 1, batch: 20, loss: { graph: 'loss.onnx' } },
    });

    const none = await run('status');
    expect([none.status, none.err]).toEqual([2, 'there are no runs; start one with `slimflow run SPEC`\n']);

    const started = await run('start', job);
    expect([started.status, started.out]).toEqual([0, expect.stringMatching(/^slimflow\/model\/\w{12}\n$/)]);
    expect(started.err).toContain('No worker is running yet: start `slimflow worker`');
    const id = started.out.trim();
    // What lists tell lags behind what was started.
    const listed = async () => jsonLines((await run('list', '--model', 'model', '--json')).out || '{}');
    await until(async () => (await listed())[0].workflowId === id);
    const status = await run('status', '--json');
    expectStatus(status, 0);
    const waiting = json(status.out);
    expect(waiting).toMatchObject({ workflowId: id, status: 'running', waiting: [{ for: 'worker' }] });
    const early = await run('result', id);
    expect([early.status, early.out]).toEqual([2, '']);
    expect(early.err).toContain(`run ${id} is still running`);
    const cancelled = await run('cancel', id.slice(-6));
    expect([cancelled.status, cancelled.out]).toEqual([
      0,
      expect.stringContaining('will end once a worker runs'),
    ]);

    // The one that is under way hears that it is cancelled; the next one goes the whole way.
    const ended = await run('run', job);
    expect(ended.out).toContain(`Continuing run ${id}`);
    expect([ended.status, ended.err]).toEqual([4, expect.stringContaining('The run was cancelled')]);
    const whole = await run('run', job, '--json');
    expectStatus(whole, 0);
    const events = jsonLines(whole.out) as unknown as TimedRunEvent[];
    expect(events[0]).toMatchObject({ type: 'run', workflowId: id });
    expect(events.at(-1)).toMatchObject({ type: 'end', status: 'completed' });

    const result = await run('result', '--out', 'taken');
    expectStatus(result, 0);
    expect(result.out).toMatch(/│ ssvd-0\.50 [^]*Selected ssvd-0\.50 after/);
    const files = ['model.onnx', 'result.json', 'report.html'];
    for (const file of files)
      expect(readFileSync(join(folder, 'taken', file))).toEqual(readFileSync(join(folder, 'out', file)));
    const layers = await run('result', id, '--layers', '--json');
    expect(JSON.parse(layers.out)).toContainEqual(
      expect.objectContaining({ change: expect.stringMatching(/^rank \d+$/) as string }),
    );
    const report = await run('report', id, '--out', 'one.html');
    expect([report.status, report.out]).toEqual([0, `Written: ${join(folder, 'one.html')}\n`]);
    const page = readFileSync(join(folder, 'one.html'), 'utf8');
    for (const section of ['summary', 'front', 'guidebook', 'layers', 'provenance'])
      expect(page).toContain(`<section id="${section}"`);
    expect(page).not.toContain('Not in this report');

    const written = Result.parse(json((await run('result', id, '--json')).out));
    const { layers: inFile, ...rest } = Result.parse(
      json(readFileSync(join(folder, 'out', 'result.json'), 'utf8')),
    );
    expect(written).toEqual(rest);
    expect(inFile).toContainEqual(expect.objectContaining({ rank: expect.any(Number) as number }));
    expect(written.metric).toBe('hits');

    await until(async () => (await listed())[0].status === 'completed');
    expect(await listed()).toMatchObject([
      { workflowId: id, status: 'completed', memo: { outcome: 'selected' } },
      { workflowId: id, status: 'cancelled' },
    ]);
    const refused = await run('list', '--query', 'Nonsense = 1');
    expectStatus(refused, 2);
    expect(refused.err).toMatch(/^the server refused --query Nonsense = 1: .*Nonsense/);
    const table = await run('list', '--outcome', 'selected');
    expect(table.out).toMatch(new RegExp(`│ ${id} +│ completed │ done +│ +0\\.5 │ selected`));
    const done = await run('cancel', id);
    expect([done.status, done.err]).toEqual([2, `run ${id} has already ended: completed\n`]);
    const watched = await run('watch');
    expect([watched.status, watched.out]).toEqual([0, expect.stringContaining(`slimflow result ${id}`)]);
  }));

it('without a server, and without a history to start one on, there is nothing to look at', () =>
  inFolder(async (folder) => {
    // gc too: by the history of a server that was started for it, nothing in the store would be needed.
    for (const command of ['list', 'gc']) {
      const { status, err } = await slimflow(folder, [command]);
      expect([status, err]).toEqual([
        2,
        expect.stringMatching(/^no Temporal server is running or configured/),
      ]);
    }
  }));
