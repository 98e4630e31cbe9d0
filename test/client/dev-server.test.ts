import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { DevServer } from '../../client/dev-server';
import { answers } from '../../client/probe';
import { temporalBinary } from '../../client/temporal-binary';
import { isAlive } from '../../store/scratch';
import { inFolder } from '../support/folder';

const withServer = (work: (server: DevServer, folder: string, binary: string) => Promise<void>) =>
  inFolder(async (folder) => {
    const server = new DevServer(folder);
    try {
      await work(server, folder, (await temporalBinary()).path);
    } finally {
      await server.leave();
    }
  });

describe('the development server', () => {
  it('starts once, is found again, and keeps its ports', () =>
    withServer(async (server, folder, binary) => {
      const [first, same] = await Promise.all([server.start(binary), new DevServer(folder).start(binary)]);
      expect(same).toEqual(first);
      expect(await new DevServer(folder).running()).toEqual(first);
      expect(await server.leave()).toBe(true);
      expect(isAlive(first.pid)).toBe(false);
      expect(await server.running()).toBeUndefined();
      const again = await server.start(binary);
      expect([again.address, again.ui]).toEqual([first.address, first.ui]);
      expect(again.pid).not.toBe(first.pid);
    }));

  it('is stopped by the last to leave; those that died do not count', () =>
    withServer(async (server, folder, binary) => {
      const { address } = await server.start(binary);
      await server.join();
      const users = join(folder, 'server-users');
      writeFileSync(join(users, '999999999'), '');
      // The process that runs the tests stands for another user that is alive.
      writeFileSync(join(users, String(process.ppid)), '');
      expect(await server.leave()).toBe(false);
      expect(await answers(address)).toBe(true);
      rmSync(join(users, String(process.ppid)));
      expect(await server.leave()).toBe(true);
      expect(await answers(address)).toBe(false);
    }));

  it('that is recorded but gone is ignored', () =>
    inFolder(async (folder) => {
      const stale = { address: '127.0.0.1:9', ui: 'http://127.0.0.1:9', pid: 999999999, port: 9, uiPort: 9 };
      writeFileSync(join(folder, 'server.json'), JSON.stringify(stale));
      expect(await new DevServer(folder).running()).toBeUndefined();
      writeFileSync(join(folder, 'server.json'), JSON.stringify({ ...stale, pid: process.pid }));
      expect(await new DevServer(folder).running()).toBeUndefined();
      expect(await new DevServer(folder).leave()).toBe(false);
    }));

  it('says why it did not start, and leaves no lock', () =>
    inFolder(async (folder) => {
      const start = () => new DevServer(folder).start(process.execPath);
      await expect(start()).rejects.toThrow(/did not start: it ended with status \d+\. .*temporal\.log\)$/);
      await expect(start()).rejects.toThrow(/did not start/);
    }));

  it('takes over the lock of a process that died', () =>
    withServer(async (server, folder, binary) => {
      writeFileSync(join(folder, 'server.lock'), '999999999');
      expect(await answers((await server.start(binary)).address)).toBe(true);
    }));
});
