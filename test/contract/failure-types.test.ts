import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { failureFixes } from '../../contract/failure-fixes';
import { type FailureType, failureTypes } from '../../contract/failure-types';
import { root } from '../support/paths';

const names = Object.keys(failureTypes);

it('names each type as its key', () => expect(Object.values(failureTypes)).toEqual(names));

it('is the table of docs/failures.md, in its order, with its fixes', () => {
  const page = readFileSync(join(root, 'docs', 'failures.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` \|.*\| (.*) \|$/gm)].map(([, name, fix]) => [name, fix]);
  expect(rows).toEqual(names.map((name) => [name, failureFixes[name as FailureType]]));
});

it('is where activities and workflows take the types of their failures from', () => {
  const sources = ['activities', 'workflows', 'contract'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'failure-types.ts')
      .map((file) => join(room, file)),
  );
  expect(sources.length).toBeGreaterThan(50);
  const repeated = sources.flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return names.filter((name) => text.includes(`'${name}'`)).map((name) => `${file}: ${name}`);
  });
  expect(repeated).toEqual([]);
});
