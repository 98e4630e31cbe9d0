import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { root } from './paths';

/** An empty project with Slimflow in it, as `npm install` of the packed package leaves it. */
export interface Project {
  readonly folder: string;
  /** Slimflow in its node_modules. */
  readonly slimflow: string;
  readonly tarball: string;
}

interface Manifest {
  dependencies: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/** A project with Slimflow from npm: it has what its manifest requires, and nothing else of this checkout. */
export function installedWith(manifest: Manifest): string[] {
  const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = manifest;
  const peers = Object.keys(peerDependencies ?? {});
  return [
    ...Object.keys({ ...dependencies, ...optionalDependencies }),
    ...peers.filter((name) => !peerDependenciesMeta?.[name]?.optional),
  ];
}

/**
 * Packs what is built and installs it into an empty project. The dependencies are links to this checkout's, so nothing
 * is downloaded; only those are there that the packed manifest names.
 * @param extra more packages of this checkout for the project
 */
export function installPacked(folder: string, extra: readonly string[] = []): Project {
  const npm = (...args: string[]) => execFileSync('npm', args, { cwd: root, encoding: 'utf8' });
  // dist is built: it is what runs this test.
  const [{ filename }] = JSON.parse(
    npm('pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder),
  ) as [{ filename: string }];
  const tarball = join(folder, filename);
  const modules = join(folder, 'node_modules');
  const slimflow = join(modules, 'slimflow');
  mkdirSync(slimflow, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', slimflow, '--strip-components=1']);
  const manifest = JSON.parse(readFileSync(join(slimflow, 'package.json'), 'utf8')) as Manifest;
  for (const name of [...installedWith(manifest), ...extra]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  const command = join(slimflow, 'dist', 'cli', 'main.js');
  chmodSync(command, 0o755);
  mkdirSync(join(modules, '.bin'));
  symlinkSync(command, join(modules, '.bin', 'slimflow'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "project", "private": true }\n');
  return { folder, slimflow, tarball };
}
