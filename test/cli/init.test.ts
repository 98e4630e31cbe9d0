import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { saveModel } from '../../engine/onnx/model';
import { expectStatus, slimflow } from '../support/cli';
import { inFolder } from '../support/folder';
import { imageFolders } from '../support/image-folders';
import { tinyJob, tinyNetwork } from '../support/tiny';

it.each([
  ['one set of images, which it splits', ['all'], /there is one set of images, so it was split .*: 24 for/],
  ['no test split, for which it halves val', ['train', 'val'], /there is no test split, so val was halved/],
  ['all three splits', ['train', 'val', 'test'], /^Written: job\.yaml\. Next:/],
])('init writes a spec that runs: %s', (_, splits, said) =>
  inFolder(async (folder) => {
    saveModel(tinyNetwork(), join(folder, 'model.onnx'));
    for (const split of splits)
      await imageFolders(join(folder, 'photos', split === 'all' ? '.' : split), ['a', 'b', 'c', '10'], 10);
    const cache = { SLIMFLOW_CACHE: join(folder, 'cache') };
    const say = (...args: string[]) => slimflow(folder, args, undefined, cache);
    const made = await say('init', 'job.yaml', '--model', 'model.onnx', '--data', 'photos');
    expectStatus(made, 0);
    expect(made.out).toMatch(said);
    const dry = await say('run', '--dry', 'job.yaml');
    expectStatus(dry, 0);
    expect(dry.out).toMatch(/^Everything that can be checked before a run is right; nothing was started/m);
    // A list holds every class, and no image is in two.
    if (splits.length === 3) return;
    const lists = ['evaluate', 'test'].map((split) =>
      readFileSync(join(folder, `job-${split}.csv`), 'utf8')
        .trim()
        .split('\n'),
    );
    expect(lists.map((lines) => new Set(lines.map((line) => line.split(',')[1])).size)).toEqual([4, 4]);
    expect(new Set(lines(lists)).size).toBe(lines(lists).length);
  }),
);
const lines = (lists: string[][]) => lists.flat();

it('init says what it recognizes, and asks for both options', () =>
  inFolder(async (folder) => {
    saveModel(tinyNetwork(), join(folder, 'model.onnx'));
    const alone = await slimflow(folder, ['init', 'job.yaml', '--model', 'model.onnx']);
    expect([alone.status, alone.err]).toEqual([2, expect.stringMatching(/^give both --model and --data/)]);
    const none = await slimflow(folder, ['init', 'job.yaml', '--model', 'model.onnx', '--data', '.']);
    expect([none.status, none.err]).toEqual([
      2,
      expect.stringMatching(/What is recognized: a folder of images per class/),
    ]);
  }));

it('run without a test split says what to do', () =>
  inFolder(async (folder) => {
    const job = tinyJob(folder);
    const spec = JSON.parse(readFileSync(job, 'utf8')) as { data: { test?: object } };
    delete spec.data.test;
    writeFileSync(job, JSON.stringify(spec));
    const { status, err } = await slimflow(folder, ['run', '--dry', job]);
    expect([status, err]).toEqual([
      2,
      expect.stringMatching(/data\.test is missing: .*no decision has seen.*half of val/),
    ]);
  }));
