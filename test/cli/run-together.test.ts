import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { answers } from '../../server/reachable';
import { Result } from '../../run-spec/result-schema';
import { slimflow } from '../support/cli';
import { serverIn } from '../support/dev-server';
import { inFolder } from '../support/folder';
import { tinyJob } from '../support/tiny';

it('two commands that run one spec at the same time share one server and one run, and both write its result', () =>
  inFolder(async (folder) => {
    const job = tinyJob(folder, {
      techniques: ['spatial-svd'],
      ssvdTargets: [0.5],
      // Neither may end, and the other start over, before both are there.
      review: { afterSelect: true },
    });
    const waiting = /waiting for someone to approve the selected model/;
    const run = (there: () => void) =>
      slimflow(folder, ['run', job], (said) => {
        if (waiting.test(said)) there();
      });
    const ready = [1, 2].map(() => {
      let there = () => {};
      const isThere = new Promise<void>((resolve) => (there = resolve));
      return { isThere, there };
    });
    const running = ready.map(({ there }) => run(there));
    // One that fails does not come so far.
    await Promise.race([Promise.all(ready.map(({ isThere }) => isThere)), Promise.any(running)]);
    expect(await slimflow(folder, ['approve'])).toMatchObject({ status: 0, err: '' });

    const both = await Promise.all(running);
    expect(both.map(({ status, err }) => [status, err])).toEqual([
      [0, ''],
      [0, ''],
    ]);
    const ids = both.map(({ out }) => /^(?:Run|Continuing run) (slimflow\S+)$/m.exec(out)![1]);
    const files = ['model.onnx', 'result.json', 'report.html'];
    for (const { out } of both)
      expect(out).toContain(`Written: ${files.map((name) => join(folder, 'out', name)).join(', ')}`);
    expect(readdirSync(join(folder, 'out')).sort()).toEqual(files.toSorted());
    const result = Result.parse(JSON.parse(readFileSync(join(folder, 'out', 'result.json'), 'utf8')));
    expect(ids).toEqual([result.workflowId, result.workflowId]);
    const listed = await slimflow(folder, ['list', '--json']);
    expect(listed.out.trim().split('\n')).toHaveLength(1);
    expect(await answers(serverIn(folder).address)).toBe(false);
  }));
