import { join } from 'node:path';

import { storeProblem } from '../../cli/store-problem';
import { slimflow } from '../support/cli';
import { inFolder } from '../support/folder';

/** A folder in which nobody can make files, not even root. */
const nowhere = '/proc/slimflow';

it('a folder of stores or copies that can be written is no problem', () =>
  inFolder(async (folder) => {
    expect(storeProblem(join(folder, 'store'))).toBeUndefined();
    const before = process.env.SLIMFLOW_CACHE;
    process.env.SLIMFLOW_CACHE = join(folder, 'cache');
    try {
      expect(storeProblem('s3://models/slimflow')).toBeUndefined();
    } finally {
      if (before === undefined) delete process.env.SLIMFLOW_CACHE;
      else process.env.SLIMFLOW_CACHE = before;
    }
  }));

it('a worker with a store on S3 refuses a read-only cache at once, instead of failing all work for ever', () =>
  inFolder(async (folder) => {
    const store = ['--store', 's3://models/slimflow', '--health-port', '0'];
    const ended = await slimflow(folder, ['worker', ...store], undefined, { SLIMFLOW_CACHE: nowhere });
    expect([ended.status, ended.err]).toEqual([
      2,
      expect.stringMatching(
        /copies of s3:.* are kept in \/proc\/slimflow\/s3-.*not writable.*SLIMFLOW_CACHE/,
      ),
    ]);
  }));
