import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { inRange } from '../../cli/node-range';
import { root } from '../support/paths';

const read = (name: string) => readFileSync(join(root, name), 'utf8');
const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };

it.each([
  ['20.19.0', true],
  ['20.20.2', true],
  ['22.12.0', true],
  ['23.0.0', true],
  ['24.1.0', true],
  ['18.20.8', false],
  ['20.18.3', false],
  ['21.7.3', false],
  ['22.11.0', false],
])('Node %s: %s, by what require() of an ES module needs', (version, fits) => {
  expect(inRange(version, engines.node)).toBe(fits);
});

it('a range written otherwise is refused', () => {
  expect(() => inRange('20.19.0', '~20.19')).toThrow(
    "the range of Node versions ~20.19 can't be read at ~20.19",
  );
});

it('README and images follow the range of package.json', () => {
  expect(read('README.md')).toContain(`Node ≥ ${/\d+\.\d+/.exec(engines.node)![0]}`);
  for (const image of ['cpu', 'gpu']) {
    const version = /^ARG NODE_VERSION=(\d+)$/m.exec(read(`deploy/docker/${image}.Dockerfile`))![1];
    expect(inRange(`${version}.99.0`, engines.node)).toBe(true);
  }
});
