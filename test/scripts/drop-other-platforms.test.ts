import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { inFolder } from '../support/folder';
import { root } from '../support/paths';

const installed = join(root, 'node_modules');
const [runtimes, bridges] = ['onnxruntime-node/bin/napi-v6', '@temporalio/core-bridge/releases'];
const drop = (modules: string) =>
  execFileSync(process.execPath, [join(root, 'scripts', 'drop-other-platforms.mjs'), modules]);

it("of the packages' native libraries those of this platform stay", () =>
  inFolder((modules) => {
    for (const folder of [runtimes, bridges])
      for (const name of readdirSync(join(installed, folder), { recursive: true, encoding: 'utf8' }))
        mkdirSync(join(modules, folder, name), { recursive: true });
    drop(modules);
    expect(readdirSync(join(modules, runtimes))).toEqual([process.platform]);
    expect(readdirSync(join(modules, runtimes, process.platform))).toEqual([process.arch]);
    expect(readdirSync(join(modules, bridges))).toHaveLength(1);
  }));

it('source maps of packages go, whatever else is there stays', () =>
  inFolder((modules) => {
    const lib = join(modules, '@scope', 'chart', 'dist');
    mkdirSync(lib, { recursive: true });
    for (const name of ['chart.js', 'chart.js.map', 'world.map.js']) writeFileSync(join(lib, name), '');
    drop(modules);
    expect(readdirSync(lib)).toEqual(['chart.js', 'world.map.js']);
  }));

it('folders that are named in a way it does not know stay', () =>
  inFolder((modules) => {
    mkdirSync(join(modules, runtimes, 'new-name'), { recursive: true });
    drop(modules);
    expect(readdirSync(join(modules, runtimes))).toEqual(['new-name']);
  }));
