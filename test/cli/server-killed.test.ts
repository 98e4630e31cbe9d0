import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { answers } from '../../server/reachable';
import { Result } from '../../run-spec/result-schema';
import { expectStatus, slimflow } from '../support/cli';
import { serverIn } from '../support/dev-server';
import { inFolder } from '../support/folder';
import { tinyJob } from '../support/tiny';
import { until } from '../support/until';

it('a killed server is started again by whoever uses it, and the run and its watchers go on', () =>
  inFolder(async (folder) => {
    const fineTune = { epochs: 200, batch: 20 };
    const job = tinyJob(folder, { techniques: ['spatial-svd'], ssvdTargets: [0.5], fineTune });
    const record = () => serverIn(folder);
    const started = await slimflow(folder, ['start', job]);
    expectStatus(started, 0);
    const id = started.out.trim();
    const { address } = record();
    const killServer = () => process.kill(record().pid, 'SIGKILL');

    let said = '';
    let isKilled = false;
    const watching = slimflow(folder, ['watch', '--json'], (out) => {
      said = out;
      // It waits for a worker: nothing but this command uses the server.
      if (!isKilled && out.includes('"for":"worker"')) {
        isKilled = true;
        killServer();
      }
    });
    await until(async () => isKilled && (await answers(address)));

    let isKilledAgain = false;
    const ran = await slimflow(folder, ['run', job], (out) => {
      if (isKilledAgain || !/^\S+Z ssvd-0\.50: /m.test(out)) return;
      isKilledAgain = true;
      killServer();
    });
    expectStatus(ran, 0);
    expect(ran.out).toContain(`Continuing run ${id}`);
    const watched = await watching;
    expectStatus(watched, 0);
    expect(watched.err).toContain('The Temporal server had stopped; it was restarted with its history.');
    expect(record().address).toBe(address);
    const result = Result.parse(JSON.parse(readFileSync(join(folder, 'out', 'result.json'), 'utf8')));
    expect(result).toMatchObject({ workflowId: id, selected: 'ssvd-0.50', failed: [] });
    const last = JSON.parse(said.trim().split('\n').at(-1)!) as unknown;
    // Layers are in the file alone: a message is of limited size.
    const { layers, ...told } = result;
    expect(layers?.length).toBeGreaterThan(0);
    expect(last).toMatchObject({ type: 'end', status: 'completed', result: told });
    // The last to leave stops it.
    expect(await answers(address)).toBe(false);
  }));
