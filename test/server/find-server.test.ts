import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { isServed } from '../../server/reachable';
import {
  existingServer,
  findServer,
  serverOfRuns,
  startServer,
  workflowLink,
} from '../../server/find-server';
import { temporalBinary } from '../../server/temporal-binary';
import { inFolder } from '../support/folder';
import { temporal } from '../support/temporal';
import { until } from '../support/until';

let running: TestWorkflowEnvironment;
const { TEMPORAL_ADDRESS, PATH } = process.env;
beforeAll(async () => {
  running = await temporal();
});
afterAll(() => running.teardown());
afterEach(() => {
  process.env.PATH = PATH;
  if (TEMPORAL_ADDRESS === undefined) delete process.env.TEMPORAL_ADDRESS;
  else process.env.TEMPORAL_ADDRESS = TEMPORAL_ADDRESS;
});

describe('the Temporal server to work with', () => {
  it('is the configured one before any other, and is never stopped', () =>
    inFolder(async (state) => {
      const own = await startServer(state);
      process.env.TEMPORAL_ADDRESS = running.address;
      const found = await findServer(state);
      expect(found.connection.address).toBe(running.address);
      expect(found.found).toContain('as configured');
      expect(await found.release()).toBe(false);
      expect(await own.release()).toBe(true);
    }));

  it('must answer when it is configured', () =>
    inFolder(async (state) => {
      process.env.TEMPORAL_ADDRESS = '127.0.0.1:9';
      await expect(findServer(state)).rejects.toThrow(/127\.0\.0\.1:9 .* can't be used/);
    }));

  it('is otherwise the one of the state folder, started once and found again', () =>
    inFolder(async (state) => {
      delete process.env.TEMPORAL_ADDRESS;
      const started = await startServer(state);
      expect(started.found).toContain('development server started');
      const found = await findServer(state);
      expect(found).toMatchObject({
        connection: started.connection,
        found: expect.stringContaining('still running') as string,
      });
      expect((await existingServer(state))?.ui).toBe(started.ui);
      expect(workflowLink(started, 'a/b')).toBe(`${started.ui}/namespaces/default/workflows/a%2Fb`);
      // The UI may be there a moment later than the server.
      await until(() => isServed(started.ui!));
      expect(await found.release()).toBe(true);
      expect(await started.release()).toBe(false);
    }));

  it('is one started on the history of the state folder before whatever answers at the standard port', () =>
    inFolder(async (state) => {
      delete process.env.TEMPORAL_ADDRESS;
      const { address } = running;
      for (const find of [serverOfRuns, existingServer])
        expect(await find(state, address)).toMatchObject({
          connection: { address },
          found: `answers at ${address}`,
        });
      await (await startServer(state)).release();
      expect(await existingServer(state, address)).toBeUndefined();
      const found = await serverOfRuns(state, address);
      expect(found?.found).toMatch(
        /development server started .*; the one at .* has another history; set TEMPORAL_ADDRESS to use it$/,
      );
      expect((await existingServer(state, address))?.connection).toEqual(found?.connection);
      expect(await found?.release()).toBe(true);
    }));
});

it('the executable is taken from PATH first', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'temporal');
    writeFileSync(path, '#!/bin/sh\nexit 0\n');
    chmodSync(path, 0o755);
    process.env.PATH = `${folder}${delimiter}${PATH}`;
    expect(await temporalBinary()).toEqual({ path, from: 'temporal on PATH' });
  }));
