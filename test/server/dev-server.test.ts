import { spawn } from 'node:child_process';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';

import { DevServer } from '../../server/dev-server';
import { answers, isOpen } from '../../server/reachable';
import { temporalBinary } from '../../server/temporal-binary';
import { isAlive } from '../../store/scratch';
import { inFolder } from '../support/folder';
import { until } from '../support/until';

const binary = async () => (await temporalBinary()).path;
const withServer = (work: (server: DevServer, folder: string) => Promise<void>) =>
  inFolder(async (folder) => {
    const server = new DevServer(folder);
    try {
      await work(server, folder);
    } finally {
      await server.leave();
    }
  });

describe('the development server', () => {
  it('starts once, is found again, and keeps its ports', () =>
    withServer(async (server, folder) => {
      const starts = await Promise.all([server.start(binary), new DevServer(folder).start(binary)]);
      expect(starts.map(({ isNew }) => isNew).sort()).toEqual([false, true]);
      const [{ record: first }, { record: same }] = starts;
      expect(same).toEqual(first);
      expect(await new DevServer(folder).find()).toEqual(first);
      expect(await new DevServer(folder).running()).toEqual(first);
      expect(await server.leave()).toBe(true);
      expect(isAlive(first.pid)).toBe(false);
      expect(await server.running()).toBeUndefined();
      const { record: again } = await server.start(binary);
      expect([again.address, again.ui]).toEqual([first.address, first.ui]);
      expect(again.pid).not.toBe(first.pid);
    }));

  it('is stopped by the last to leave; those that died do not count', () =>
    withServer(async (server, folder) => {
      const { address } = (await server.start(binary)).record;
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

  it.each<[string, (record: object) => object]>([
    ['names the process of another program', (record) => record],
    [
      'names an address of another machine',
      (record) => ({ ...record, address: '192.0.2.1:7233', ui: 'http://192.0.2.1' }),
    ],
    ['is something else', () => ({ pid: 'x', address: null })],
    ['is a list', () => []],
  ])('whose record %s is not believed, and nothing is ended', (_, changed) =>
    inFolder(async (folder) => {
      // The process that runs the tests stands for any other of this user, and a socket for a server.
      const listener = createServer();
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      const { port } = listener.address() as AddressInfo;
      const other = spawn('sleep', ['1000']);
      const kill = jest.spyOn(process, 'kill');
      try {
        const record = {
          address: `127.0.0.1:${port}`,
          ui: `http://127.0.0.1:${port}`,
          pid: other.pid,
          port,
          uiPort: port,
        };
        writeFileSync(join(folder, 'server.json'), JSON.stringify(changed(record)));
        const server = new DevServer(folder);
        expect(await server.find()).toBeUndefined();
        expect(await server.leave()).toBe(false);
        expect(kill.mock.calls.filter(([, signal]) => signal !== 0)).toEqual([]);
        expect(isAlive(other.pid!)).toBe(true);
      } finally {
        kill.mockRestore();
        other.kill();
        listener.close();
      }
    }),
  );

  it('is noted in a folder that only its user can read', () =>
    inFolder(async (folder) => {
      const server = new DevServer(join(folder, 'new', 'state'));
      await server.start(() => Promise.reject(new Error('no binary'))).catch(() => undefined);
      expect(statSync(join(folder, 'new', 'state')).mode & 0o777).toBe(0o700);
    }));

  it('that hangs is waited for, and no second one is started beside it on its database', () =>
    withServer(async (server, folder) => {
      const { record } = await server.start(binary);
      process.kill(record.pid, 'SIGSTOP');
      try {
        const hasty = new DevServer(folder, 0);
        const hangs = /process \d+, 127\.0\.0\.1:\d+\) is running but does not answer/;
        await expect(hasty.start(binary)).rejects.toThrow(hangs);
        await expect(hasty.find()).rejects.toThrow(hangs);
        const patient = new DevServer(folder, 3_600_000).find();
        process.kill(record.pid, 'SIGCONT');
        expect(await patient).toEqual(record);
      } finally {
        process.kill(record.pid, 'SIGCONT');
      }
    }));

  it('says why it did not start, and leaves no lock', () =>
    inFolder(async (folder) => {
      const start = () => new DevServer(folder).start(async () => process.execPath);
      await expect(start()).rejects.toThrow(/did not start: it exited with status \d+\. .*temporal\.log\)$/);
      await expect(start()).rejects.toThrow(/did not start/);
    }));

  it('takes over the lock of a process that died', () =>
    withServer(async (server, folder) => {
      writeFileSync(join(folder, 'server.lock'), '999999999');
      expect(await answers((await server.start(binary)).record.address)).toBe(true);
      expect(readdirSync(folder).filter((name) => name.startsWith('server.lock'))).toEqual([]);
    }));

  it('that was killed is started again by any of its users, once, where it was', () =>
    withServer(async (server, folder) => {
      const { record } = await server.start(binary);
      const { address, pid, ui } = record;
      expect(await server.revive(address, binary)).toBe(false);
      process.kill(pid, 'SIGKILL');
      const other = new DevServer(folder);
      await until(async () => !(await isOpen(address)));
      const revived = await Promise.all([server.revive(address, binary), other.revive(address, binary)]);
      expect(revived.sort()).toEqual([false, true]);
      expect(await answers(address)).toBe(true);
      expect(await server.running()).toMatchObject({ address, ui });
      expect((await server.running())!.pid).not.toBe(pid);
    }));

  it('is not started beside a program that has taken its port', () =>
    withServer(async (server) => {
      const { record } = await server.start(binary);
      process.kill(record.pid, 'SIGKILL');
      await until(async () => !(await isOpen(record.address)));
      const thief = createServer();
      // It listens, but only once the server has been found to be gone.
      const late = async () => {
        await new Promise<void>((resolve) => thief.listen(record.port, '127.0.0.1', resolve));
        return binary();
      };
      await expect(server.revive(record.address, late)).rejects.toThrow(
        `another program has taken the Temporal server's port ${record.port}`,
      );
      await new Promise((resolve) => thief.close(resolve));
      expect(await server.revive(record.address, binary)).toBe(true);
    }));
});
