import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { root } from '../paths';
import { childrenOf } from '../processes';
import type { Image } from './image';
import type { Lan } from './lan';

/** A container as a compose file or a manifest describes it. */
export interface ContainerSpec {
  readonly image: Image;
  /** Replaces the image's command. */
  readonly command?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly readOnly: boolean;
  readonly user?: number;
  /** Folders in memory that everybody may write to. */
  readonly tmpfs: readonly string[];
  /** Volumes by their place: `image` belong to the image's user, as a new named volume does; `group` to a pod's group. */
  readonly volumes: Readonly<Record<string, 'image' | 'group'>>;
}

/** The mounts and the change of user that a container engine does, as a script: `$0` is the new root. */
function script({ image, readOnly, tmpfs }: ContainerSpec, volumes: Record<string, string>, hosts: string) {
  const files = Object.entries(image.files).map(([at, from]) => [at, realpathSync(join(root, from))]);
  return `
set -eu
bind() { mount --bind "$1" "$0$2"; mount -o "remount,bind,$3" "$0$2"; }
mount --bind "$0" "$0"
bind /usr /usr ro; bind /etc /etc ro
mount --bind ${hosts} "$0/etc/hosts"
mount -t proc proc "$0/proc"
mount -t tmpfs -o mode=755 dev "$0/dev"
for one in null zero full random urandom; do : > "$0/dev/$one"; mount --bind "/dev/$one" "$0/dev/$one"; done
mkdir "$0/dev/shm"; mount -t tmpfs -o mode=1777 shm "$0/dev/shm"
${files.map(([at, from]) => `bind ${from} ${at} ro`).join('\n')}
${tmpfs.map((at) => `mount -t tmpfs -o mode=1777 tmp "$0${at}"`).join('\n')}
${Object.entries(volumes)
  .map(([at, from]) => `mount --bind ${from} "$0${at}"`)
  .join('\n')}
${readOnly ? 'mount -o remount,bind,ro "$0"' : ''}
exec chroot "$0" "$@"`;
}

/**
 * A container without an engine: namespaces of its own for mounts, processes and network, the image's files on a root
 * of their own (the base image's are this machine's), its user, no capabilities, and no environment but what it is given.
 */
export class Container {
  private readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** Its output so far. */
  said = '';

  constructor(
    folder: string,
    lan: Lan,
    readonly name: string,
    spec: ContainerSpec,
  ) {
    const { image, user = image.user } = spec;
    const rootFolder = mkdtempSync(join(folder, 'root-'));
    chmodSync(rootFolder, 0o755);
    const make = (at: string, owner = 0) => {
      mkdirSync(join(rootFolder, at), { recursive: true });
      chownSync(join(rootFolder, at), owner, owner);
    };
    for (const at of ['usr', 'etc', 'proc', 'dev', 'tmp', 'home', image.workdir, ...spec.tmpfs]) make(at);
    chmodSync(join(rootFolder, 'tmp'), 0o1777);
    for (const at of ['home/node', ...image.own]) make(at, image.user);
    for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(rootFolder, name));
    for (const [at, from] of Object.entries(image.files)) {
      if (/\.\w+$/.test(at)) {
        make(dirname(at));
        writeFileSync(join(rootFolder, at), '');
      } else make(at);
      realpathSync(join(root, from));
    }
    const volumes: Record<string, string> = {};
    for (const [at, kind] of Object.entries(spec.volumes)) {
      make(at, image.user);
      volumes[at] = mkdtempSync(join(folder, 'volume-'));
      chmodSync(volumes[at], kind === 'group' ? 0o2777 : 0o755);
      chownSync(volumes[at], kind === 'group' ? 0 : image.user, image.user);
    }
    const hosts = join(folder, `hosts-${name}`);
    writeFileSync(hosts, lan.hosts());
    const env = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: '/home/node',
      HOSTNAME: name,
      ...image.env,
      ...spec.env,
    };
    const command = [...image.entrypoint, ...(spec.command ?? image.command)];
    const words = (text: string) => text.split(' ');
    const apart = words(
      `ip netns exec ${lan.join(name)} unshare --mount --pid --uts --ipc --fork --kill-child=SIGKILL`,
    );
    const drop = words('--no-new-privs --inh-caps=-all --bounding-set=-all --clear-groups');
    const enter = ['bash', '-c', script(spec, volumes, hosts), rootFolder];
    const become = ['setpriv', `--reuid=${user}`, `--regid=${user}`].concat(drop);
    const alone = ['env', '-i', '-C', image.workdir].concat(
      Object.entries(env).map(([key, value]) => `${key}=${value}`),
    );
    const [program, ...rest] = apart.concat(enter, become, alone, command);
    this.child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout!, this.child.stderr!])
      stream.on('data', (data) => (this.said += String(data)));
    this.ended = new Promise((resolve) => this.child.once('close', (status) => resolve(status)));
  }

  /** The process that is number 1 inside; undefined before it is there, and once it has ended. */
  private get init(): number | undefined {
    return childrenOf(this.child.pid!)[0];
  }

  /** Runs a command in it, as its user, as `docker exec` and probes do. Returns its exit status. */
  exec(command: readonly string[], user = 1000): Promise<number | null> {
    const { init } = this;
    if (init === undefined) return Promise.resolve(null);
    const at = ['--target', String(init), '--all', `--setuid=${user}`, `--setgid=${user}`];
    const child = spawn('nsenter', [...at, '--', ...command], {
      env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
      stdio: 'ignore',
    });
    return new Promise((resolve) => child.once('close', (status) => resolve(status)));
  }

  /** Asks it to end, as an engine does first. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const { init } = this;
    if (init !== undefined) process.kill(init, signal);
    return this.ended;
  }
}
