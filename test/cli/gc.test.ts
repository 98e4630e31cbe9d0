import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

import { Result } from '../../run-spec/result-schema';
import { FileStore } from '../../store/file-store';
import type { Item } from '../../store/store';
import { expectStatus, slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { tinyJob } from '../support/tiny';
import { WorkerProcess } from '../support/worker-process';

let worker: WorkerProcess | undefined;
afterEach(async () => {
  worker?.kill('SIGKILL');
  await worker?.ended;
});

const filesIn = (folder: string) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

/** Makes all in a store as old as a month, so that only need keeps it. */
function age(store: string): void {
  const then = Date.now() / 1000 - 30 * 86_400;
  for (const name of filesIn(store)) utimesSync(join(store, name), then, then);
}

const collected = async (folder: string, ...more: string[]) => {
  const { out, err, status } = await slimflow(folder, ['gc', '--json', ...more]);
  expect([err, status]).toEqual(['', 0]);
  return (JSON.parse(out) as { removed: Item[] }).removed;
};

it('gc removes what no run needs, as its dry run says; a run that waits meanwhile goes on with what it has', () =>
  inFolder(async (folder) => {
    const job = tinyJob(folder, {
      techniques: ['spatial-svd'],
      ssvdTargets: [0.5],
      review: { afterSelect: true },
    });
    const started = await slimflow(folder, ['start', job]);
    expectStatus(started, 0);
    const id = started.out.trim();
    worker = await WorkerProcess.start({ folder }, '--slots', '1');
    const watched = await slimflow(folder, ['watch', '--json'], (said, child) => {
      if (said.includes('"for":"selection"') && !child.killed) child.kill('SIGINT');
    });
    expectStatus(watched, 130);
    const place = join(folder, '.slimflow', 'store');
    const store = new FileStore(place);
    const garbage = await store.putBytes('nobody names this');
    age(place);

    const before = filesIn(place);
    const planned = await collected(folder, '--dry-run');
    expect(filesIn(place)).toEqual(before);
    const removed = await collected(folder);
    expect(removed).toEqual(planned);
    // The notes of imported files are only a matter of age.
    expect(removed.filter(({ room }) => room !== 'imports').map(({ room, name }) => [room, name])).toEqual([
      ['objects', garbage.sha256],
    ]);
    expect(await store.has(garbage)).toBe(false);
    expect((await slimflow(folder, ['gc'])).out).toBe('Removed nothing.\n');

    expect(await slimflow(folder, ['approve', id])).toMatchObject({ status: 0, err: '' });
    expectStatus(await slimflow(folder, ['watch']), 0);
    const taken = await slimflow(folder, ['result', id, '--out', 'taken', '--json']);
    expectStatus(taken, 0);
    expect(Result.parse(JSON.parse(taken.out)).selected).toBe('ssvd-0.50');
    // The last to leave stops the server.
    worker.kill('SIGTERM');
    expect(await worker.ended).toEqual({ status: 0, signal: null });
  }));

it('it takes nothing for garbage where there is no history to tell', () =>
  inFolder(async (folder) => {
    const place = join(folder, '.slimflow', 'store');
    const kept = await new FileStore(place).putBytes('a model');
    age(place);
    const { status, err } = await slimflow(folder, ['gc']);
    expect([status, err]).toEqual([2, expect.stringMatching(/^no Temporal server is running or configured/)]);
    expect(await new FileStore(place).has(kept)).toBe(true);
  }));
