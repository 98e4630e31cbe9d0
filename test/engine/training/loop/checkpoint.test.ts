import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readTensors, writeTensors } from '../../../../engine/tensor/safetensors';
import { zeros } from '../../../../engine/tensor/tensor';
import { Checkpoints } from '../../../../engine/training/loop/checkpoint';
import type { TrainingState } from '../../../../engine/training/loop/state';
import type { Vectors } from '../../../../engine/training/parameters/vectors';
import { inFolder } from '../../../support/folder';

const rows = ['parameters', 'momenta', 'squares'].map((name, at) => ({ name, size: at + 2 }));
const vectors = (value: number): Vectors =>
  Object.fromEntries(rows.map(({ name, size }, at) => [name, new Float32Array(size).fill(value + at)]));
const beginning = { step: 0, vectors: vectors(0) };
const state: TrainingState = {
  step: 3,
  vectors: vectors(30),
  losses: [3, 2.5, 2],
  good: { step: 2, vectors: vectors(20) },
  best: { step: 1, vectors: vectors(10), epoch: 1, value: 70 },
  evaluations: [{ step: 1, epoch: 1, value: 70 }],
  retries: [{ step: 9, backTo: 2, from: 0.1, to: 0.01, why: 'the loss became NaN' }],
  microBatch: { size: 4, since: 1 },
};

describe('Checkpoints', () => {
  test.each<[string, TrainingState]>([
    ['everything', state],
    ['a state that is the last good one', { ...state, good: { step: 3, vectors: state.vectors } }],
    ['a state to begin again from', { ...state, good: beginning, retries: [] }],
    ['a state that was not judged', { ...state, best: undefined, evaluations: [], microBatch: undefined }],
  ])('hold %s', (_, given) =>
    inFolder((folder) => {
      const checkpoints = new Checkpoints(folder, rows, 'model');
      expect(checkpoints.read(checkpoints.write(given), beginning)).toEqual(given);
    }),
  );

  test('say nothing twice', () =>
    inFolder((folder) => {
      const path = new Checkpoints(folder, rows, 'model').write({ ...state, good: state, best: undefined });
      expect([...readTensors(path).tensors.keys()]).toEqual([
        'now/parameters',
        'now/momenta',
        'now/squares',
        'losses',
      ]);
    }));

  test('are kept but for the older ones, those of a later retry counting as newer', () =>
    inFolder((folder) => {
      const first = new Checkpoints(folder, rows, 'model');
      for (const step of [7, 8, 9]) first.write({ ...state, step, retries: [] });
      expect(readdirSync(folder).sort()).toEqual(['step-8.safetensors', 'step-9.safetensors']);
      new Checkpoints(folder, rows, 'model').write(state);
      expect(readdirSync(folder).sort()).toEqual(['retry-1-step-3.safetensors', 'step-9.safetensors']);
    }));

  test('are written though another training has removed the folder', () =>
    inFolder((folder) => {
      const checkpoints = new Checkpoints(join(folder, 'own'), rows, 'model');
      checkpoints.write(state);
      rmSync(join(folder, 'own'), { recursive: true });
      expect(checkpoints.read(checkpoints.write(state), beginning)).toEqual(state);
    }));

  test('of something else, broken or missing are refused', () =>
    inFolder((folder) => {
      const path = new Checkpoints(folder, rows, 'model').write(state);
      const read = (identity: string, file = path, wanted = rows) =>
        new Checkpoints(folder, wanted, identity).read(file, beginning);
      expect(() => read('another')).toThrow(/is of another model, data set or settings; delete it/);
      const longer = rows.map((row) => ({ ...row, size: row.size + 1 }));
      expect(() => read('model', path, longer)).toThrow(/lacks now\/parameters/);
      const broken = join(folder, 'broken.safetensors');
      writeFileSync(broken, 'no tensors');
      expect(() => read('model', broken)).toThrow(expect.objectContaining({ code: 'InvalidData' }) as Error);
      expect(() => read('model', join(folder, 'none'))).toThrow(/none/);
    }));

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no JSON', 'x'],
    ['null', null],
    ['no step', {}],
    ['a step that is not a number', { step: 'constructor', good: 0, retries: [], evaluations: [] }],
    ['retries that are not a list', { step: 3, good: 0, retries: {}, evaluations: [] }],
    [
      'a best state without a value',
      { step: 3, good: 0, retries: [], evaluations: [], best: { step: 1, epoch: 1 } },
    ],
  ])('that say %s are refused', (_, told) =>
    inFolder((folder) => {
      const checkpoints = new Checkpoints(folder, rows, 'model');
      const path = checkpoints.write(state);
      const { tensors, metadata } = readTensors(path);
      const text = typeof told === 'string' ? told : JSON.stringify(told);
      const { state: _state, ...rest } = metadata;
      writeTensors(path, tensors, { ...rest, ...(text !== undefined && { state: text }) });
      expect(() => checkpoints.read(path, beginning)).toThrow(
        /is damaged; delete it to train from the start/,
      );
    }),
  );

  test('whose vectors are of another type are refused', () =>
    inFolder((folder) => {
      const checkpoints = new Checkpoints(folder, rows, 'model');
      const path = checkpoints.write(state);
      const { tensors, metadata } = readTensors(path);
      writeTensors(path, new Map([...tensors, ['now/momenta', zeros('int64', [3])]]), metadata);
      expect(() => checkpoints.read(path, beginning)).toThrow(/lacks now\/momenta/);
    }));
});
