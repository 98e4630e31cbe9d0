import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CheckpointPace, NewestCheckpoints } from '../../engine/checkpoints';
import { temporaryFolder } from '../support/folder';

describe('NewestCheckpoints', () => {
  const folder = temporaryFolder();
  const write = (name: string) => {
    writeFileSync(join(folder, name), name);
    return join(folder, name);
  };

  it('keeps the two newest, those of an earlier attempt included', () => {
    const checkpoints = new NewestCheckpoints([write('a'), write('b')]);
    checkpoints.add(write('c'));
    expect(readdirSync(folder)).toEqual(['b', 'c']);
    checkpoints.add(write('d'));
    expect(readdirSync(folder)).toEqual(['c', 'd']);
  });

  it('takes a file that is written again as the newest', () => {
    const checkpoints = new NewestCheckpoints([write('c'), write('d')]);
    checkpoints.add(write('c'));
    expect(readdirSync(folder)).toEqual(['c', 'd']);
    checkpoints.add(write('e'));
    expect(readdirSync(folder)).toEqual(['c', 'e']);
  });
});

describe('CheckpointPace', () => {
  let now = 0;
  beforeEach(() => jest.spyOn(Date, 'now').mockImplementation(() => now));
  afterEach(() => jest.restoreAllMocks());

  /** Tells if one is due a number of seconds after one that took some seconds to write. */
  const isDue = (seconds: number, { writing, after }: { writing: number; after: number }): boolean => {
    const pace = new CheckpointPace(seconds);
    pace.write(() => (now += 1000 * writing));
    now += 1000 * after;
    return pace.isDue;
  };

  it.each([
    [{ seconds: 60, writing: 1, after: 59 }, false],
    [{ seconds: 60, writing: 1, after: 60 }, true],
    // A twentieth of the time, whatever was asked.
    [{ seconds: 60, writing: 10, after: 199 }, false],
    [{ seconds: 60, writing: 10, after: 200 }, true],
    [{ seconds: 0, writing: 10, after: 0 }, true],
    [{ seconds: Infinity, writing: 0, after: 1e9 }, false],
  ])('%o', ({ seconds, ...passed }, due) => expect(isDue(seconds, passed)).toBe(due));
});
