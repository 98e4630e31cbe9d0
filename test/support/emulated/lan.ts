import { type ChildProcess, execFileSync, spawn } from 'node:child_process';

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: 'pipe' });

/**
 * A network of namespaces that reaches nothing but itself: services have the address .1, containers one each. Needs root
 * on Linux.
 */
export class Lan {
  private readonly prefix = `sf${process.pid}`;
  private readonly spaces: string[] = [];
  private readonly services = new Set<ChildProcess>();
  readonly address = '10.77.0.1';

  /** @param names the names by which containers find the services */
  constructor(private readonly names: readonly string[]) {
    const lan = this.space('lan');
    ip('-n', lan, 'link', 'set', 'lo', 'up');
    ip('-n', lan, 'link', 'add', 'br0', 'type', 'bridge');
    ip('-n', lan, 'addr', 'add', `${this.address}/24`, 'dev', 'br0');
    ip('-n', lan, 'link', 'set', 'br0', 'up');
  }

  /** The content of `/etc/hosts`. */
  hosts = (): string => `127.0.0.1 localhost\n${this.address} ${this.names.join(' ')}\n`;

  /** Adds a container's end of the network; returns the name of its namespace. */
  join(name: string): string {
    const space = this.space(name);
    const number = this.spaces.length;
    const end = `v${number}`;
    const lan = this.spaces[0];
    ip('-n', lan, 'link', 'add', end, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    ip('-n', lan, 'link', 'set', end, 'master', 'br0', 'up');
    ip('-n', space, 'link', 'set', 'lo', 'up');
    ip('-n', space, 'addr', 'add', `10.77.0.${number}/24`, 'dev', 'eth0');
    ip('-n', space, 'link', 'set', 'eth0', 'up');
    return space;
  }

  /** Starts a program on the side of the services, at their address. */
  spawn(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): ChildProcess {
    const child = spawn('ip', ['netns', 'exec', this.spaces[0], command, ...args], {
      env: { ...process.env, ...env },
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.services.add(child);
    child.once('close', () => this.services.delete(child));
    return child;
  }

  /** Runs a program to its end; returns its status and output. */
  run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): Promise<Ran> {
    const child = this.spawn(command, args, env, cwd);
    let [out, err] = ['', ''];
    child.stdout!.on('data', (data) => (out += String(data)));
    child.stderr!.on('data', (data) => (err += String(data)));
    return new Promise((resolve) => child.once('close', (status) => resolve({ status, out, err })));
  }

  /** Ends the services and takes the network down. */
  close(): void {
    for (const service of this.services) service.kill('SIGKILL');
    for (const space of this.spaces.splice(0).reverse()) ip('netns', 'delete', space);
  }

  private space(name: string): string {
    const space = `${this.prefix}-${name}`;
    ip('netns', 'add', space);
    this.spaces.push(space);
    return space;
  }
}

/** The end of a program, and its output. */
export interface Ran {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}
