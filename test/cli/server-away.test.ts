import { join } from 'node:path';

import { inFolder } from '../support/folder';
import { temporal } from '../support/temporal';
import { until } from '../support/until';
import { WorkerProcess } from '../support/worker-process';

it('a worker whose server is dead is not ready, says why, and does not fill its log', () =>
  inFolder(async (folder) => {
    const server = await temporal();
    const worker = await WorkerProcess.start(
      { address: server.address },
      '--queue',
      'large',
      '--store',
      join(folder, 'store'),
    ).catch(async (error) => {
      await server.teardown();
      throw error;
    });
    const ready = () => worker.health('/readyz');
    try {
      expect(await ready()).toMatchObject({ status: 200, told: { jobs: 0 } });
      await server.teardown();
      await until(async () => (await ready()).status === 503);
      expect((await ready()).told).toMatchObject({ server: expect.stringMatching(/connect/) as string });
      expect((await worker.health('/healthz')).status).toBe(200);
      const warnings = worker.said.split('\n').filter((line) => line.includes('"level":40'));
      expect(warnings.filter((line) => line.includes('does not answer'))).toHaveLength(1);
      // One of each kind in a minute.
      const kinds = warnings.map((line) => (JSON.parse(line) as { msg: string }).msg.replace(/\d+/g, '#'));
      expect(kinds).toEqual([...new Set(kinds)]);
    } finally {
      worker.kill('SIGKILL');
      await worker.ended;
    }
  }));
