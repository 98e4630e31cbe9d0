import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { judge } from '../../../bench/fuzz/judge';
import { keptFolder } from '../../../bench/fuzz/seeds';
import type { TargetName } from '../../../bench/fuzz/target';
import { targets } from '../../../bench/fuzz/targets';
import { limitVariables } from '../../../engine/runtime/guard/guarded-run';
import { temporaryFolder } from '../../support/folder';

const folder = temporaryFolder();
const inputs = readdirSync(keptFolder).flatMap((target) =>
  readdirSync(join(keptFolder, target)).map((name): [TargetName, string] => [target as TargetName, name]),
);

beforeAll(() => {
  process.env[limitVariables.seconds] = '1';
  mkdirSync(join(folder, 'out'));
  writeFileSync(join(folder, 'data.bin'), Buffer.alloc(4096, 1));
});
afterAll(() => delete process.env[limitVariables.seconds]);

it.each(inputs)('%s: %s is read or refused, in a sentence', async (name, input) => {
  const target = targets.get(name)!;
  const file = join(folder, `input${target.extension}`);
  writeFileSync(file, readFileSync(join(keptFolder, name, input)));
  const room = { file, folder: join(folder, 'out'), thorough: true, count: () => undefined };
  expect(await judge(target, () => target.run(room))).toEqual({
    kind: 'fine',
    signature: expect.any(String) as string,
  });
  expect(readdirSync(room.folder)).toEqual([]);
  expect(process.resourceUsage().maxRSS).toBeLessThan(2e6); // kB
});
