import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from '../paths';

/** The container that a Dockerfile's last stage makes. */
export interface Image {
  readonly env: Readonly<Record<string, string>>;
  /** Files of the project by their place in the image. */
  readonly files: Readonly<Record<string, string>>;
  /** Folders that belong to the image's user. */
  readonly own: readonly string[];
  readonly user: number;
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly workdir: string;
}

/** Reads the image that `deploy/docker/NAME.Dockerfile` builds. @param name `cpu` or `gpu` */
export function imageOf(name: string): Image {
  const text = readFileSync(join(root, 'deploy', 'docker', `${name}.Dockerfile`), 'utf8');
  const stage = text
    .slice(text.lastIndexOf('\nFROM '))
    .replace(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ');
  const lines = (word: string) =>
    [...stage.matchAll(new RegExp(`^${word} (.+)$`, 'gm'))].map(([, rest]) => rest.trim());
  const last = (word: string) => lines(word).at(-1)!;
  const env = Object.fromEntries(
    lines('ENV').flatMap((line) => [...line.matchAll(/(\w+)=(\S+)/g)].map(([, key, value]) => [key, value])),
  );
  const workdir = last('WORKDIR');
  const files = lines('COPY').flatMap((line) => {
    const [to, ...from] = line
      .split(/\s+/)
      .filter((part) => !part.startsWith('--'))
      .reverse();
    return from.map((path) => {
      const name = path.replace(/^\/app\//, '');
      const place = to.startsWith('/') ? to : join(workdir, to);
      return [place.endsWith('/') ? join(place, name.split('/').at(-1)!) : place, name] as const;
    });
  });
  const owned = [...stage.matchAll(/install -d -o node -g node "?([^"\s]+)"?/g)];
  return {
    env,
    files: Object.fromEntries(files.filter(([, name]) => !name.startsWith('/'))),
    own: owned.map(([, path]) => path.replace(/\$(\w+)/, (_, key: string) => env[key])),
    user: Number(last('USER').split(':')[0]),
    entrypoint: JSON.parse(last('ENTRYPOINT')) as string[],
    command: JSON.parse(last('CMD')) as string[],
    workdir,
  };
}
