import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Corpus } from '../../../bench/fuzz/corpus';
import { Finds } from '../../../bench/fuzz/finds';
import { judge } from '../../../bench/fuzz/judge';
import { mutateModel } from '../../../bench/fuzz/mutators/model';
import { reduced } from '../../../bench/fuzz/reduce';
import { type Target, targetNames, Violation } from '../../../bench/fuzz/target';
import { targets } from '../../../bench/fuzz/targets';
import { Random } from '../../../engine/data/random';
import { EngineError } from '../../../engine/errors';
import { parseModel } from '../../../engine/onnx/model';
import { inFolder } from '../../support/folder';
import { root } from '../../support/paths';

const scores = targets.get('scores')!;

/** A door that trips over one byte. */
const faulty: Target = {
  ...scores,
  seeds: () => [Buffer.from('a door that reads whatever it is given')],
  isRefusal: (error) => error instanceof EngineError,
};
const trips = (input: Uint8Array) => {
  if (input.includes(66))
    throw new TypeError(`Cannot read properties of undefined (reading '${input.length}')`);
  return 'read';
};

it('each target of the command line is there, and reads its own seeds', async () => {
  expect([...targets.keys()].sort()).toEqual([...targetNames].sort());
  for (const target of targets.values()) expect(target.seeds().length).toBeGreaterThan(0);
});

it('refusals in plain sentences are fine; raw errors, raw words in sentences and violations are finds', async () => {
  const kindOf = async (error: Error) => {
    const judgement = await judge(faulty, () => Promise.reject(error));
    return judgement.kind === 'find' ? judgement.find.kind : judgement.signature;
  };
  const refused = (message: string, cause?: Error) => new EngineError('InvalidModel', message, { cause });
  expect(await kindOf(refused('model /a/b.onnx has 3 nodes'))).toBe('refused: model /… has # nodes');
  expect(await kindOf(new TypeError('x is not a function'))).toMatch(/^TypeError in /);
  expect(await kindOf(refused('model x: premature EOF'))).toMatch(/^raw words "premature eof"/);
  expect(await kindOf(refused('model x is broken', new TypeError('y')))).toMatch(/^TypeError in /);
  expect(await kindOf(new Violation('writes outside', 'a'))).toBe('writes outside');
});

it('a find is made as small as it can be, and kept once for each kind', () =>
  inFolder(async (folder) => {
    const input = Buffer.from('a lot of text, and one B in it');
    const isSame = async (candidate: Uint8Array) => candidate.includes(66);
    const smaller = await reduced(faulty, input, isSame, 1000);
    expect(Buffer.from(smaller).toString()).toBe('B');
    const judgement = await judge(faulty, () => trips(input));
    if (judgement.kind !== 'find') throw new Error('it was not found');
    const finds = new Finds(folder);
    const kept = finds.add(faulty, judgement.find, input, smaller)!;
    const again = await judge(faulty, () => trips(Buffer.from('B and more')));
    expect(again.kind === 'find' && finds.add(faulty, again.find, input)).toBeUndefined();
    expect(finds.list()).toEqual([kept]);
    expect(readFileSync(join(folder, kept.id, 'input.json'), 'utf8')).toBe('B');
  }));

it('inputs that do something new are kept, in the folder too', () =>
  inFolder((folder) => {
    const corpus = new Corpus(folder, faulty);
    expect([corpus.add(Buffer.from('1'), 'new'), corpus.add(Buffer.from('2'), 'new')]).toEqual([true, false]);
    expect(new Corpus(folder, faulty).size).toBe(2);
    expect(readdirSync(join(folder, 'scores'))).toHaveLength(1);
  }));

it('the same seed makes the same models, most of which are models still', () => {
  const [seed, other] = targets.get('onnx')!.seeds();
  const made = (random: Random) => Array.from({ length: 60 }, () => mutateModel(seed, random, other));
  const models = made(new Random(5));
  expect(made(new Random(5))).toEqual(models);
  const isModel = (bytes: Uint8Array) => {
    try {
      return parseModel(bytes).nodes.length > 0;
    } catch {
      return false;
    }
  };
  expect(models.filter(isModel).length).toBeGreaterThan(15);
});

it('the command fuzzes, counts, and continues where it was', () =>
  inFolder(async (folder) => {
    mkdirSync(join(folder, 'fuzz'));
    const args = ['--minutes', '0.05', '--target', 'scores,request', '--workers', '1', '--folder', folder];
    const run = () =>
      promisify(execFile)(process.execPath, [join(root, 'dist', 'bench', 'fuzz', 'fuzz.js'), ...args]);
    const state = () =>
      JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as {
        inputs: Record<string, number>;
        runs: object[];
      };
    const { stdout } = await run();
    expect(stdout).toMatch(/inputs in/);
    const first = state();
    await run();
    expect(state().runs).toHaveLength(2);
    expect(state().inputs.scores ?? 0).toBeGreaterThanOrEqual(first.inputs.scores ?? 0);
  }));
