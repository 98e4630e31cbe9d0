import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { serialize } from 'node:v8';

import { quiet } from '../../../engine/jobs/job-context';
import { LayerCheckpoints } from '../../../engine/jobs/layer-checkpoints';
import { WorkCheckpoints } from '../../../engine/jobs/work-checkpoints';
import { openModel } from '../../../engine/onnx/open-model';
import { Checkpoints } from '../../../engine/training/loop/checkpoint';
import { root } from '../../docs';
import { mutateSafetensors } from '../mutators/arrays';
import { commonSeeds } from '../seeds';
import type { Room, Target } from '../target';
import { madeSeeds } from './made-seeds';
import { isEngineError } from './refusals';

const vectors = [
  { name: 'weights', size: 6 },
  { name: 'momenta', size: 6 },
];
const state = () => Object.fromEntries(vectors.map(({ name, size }) => [name, new Float32Array(size)]));
const beginning = { step: 0, vectors: state() };
let known: ReturnType<typeof openModel> | undefined;
const model = () => (known ??= openModel(join(root, 'test', 'zoo', 'models', 'keras_like-helper.onnx')));

/** Inputs are files of three formats: two are safetensors, the third V8's. */
function run({ file, folder }: Room): string {
  const done: string[] = [];
  let refusal: Error | undefined;
  const tried = (name: string, read: () => unknown) => {
    try {
      if (read() !== undefined) done.push(name);
    } catch (error) {
      if (!isEngineError(error as Error)) throw error;
      refusal ??= error as Error;
    }
  };
  tried('training', () => new Checkpoints(folder, vectors, 'id').read(file, beginning));
  tried('layers', () => new LayerCheckpoints(folder, 'id').read(file, model()));
  tried('work', () =>
    new WorkCheckpoints(quiet, 'id', { checkpoints: folder, checkpointSeconds: 0, resume: file }).resumed(),
  );
  rmSync(join(folder, 'resumed.safetensors'), { force: true });
  if (!done.length && refusal) throw refusal;
  return `resumed ${done.join(' ')}`;
}

/** A checkpoint of a training, of a compression layer by layer, or of other work. */
export const checkpoint: Target = {
  name: 'checkpoint',
  extension: '.safetensors',
  seeds: () => [
    ...madeSeeds((folder) => {
      const common = { losses: [1, 2], retries: [], evaluations: [{ epoch: 0, step: 0, value: 5 }] };
      const best = { step: 1, epoch: 1, value: 5, vectors: state() };
      const training = new Checkpoints(folder, vectors, 'id').write({
        ...common,
        step: 2,
        vectors: state(),
        good: { step: 1, vectors: state() },
        best,
        microBatch: { size: 2, since: 1 },
      });
      const layers = new LayerCheckpoints(folder, 'id');
      const chosen = { selection: { plan: [1, 2] } } as never;
      const common2 = { chosen, graph: model(), done: [0], tuning: [], notes: [], steps: 1, losses: [1] };
      const written = layers.write({ ...common2, left: new Map([['a', [1, 2]]]) }, training);
      const work = join(folder, 'work');
      const format = {
        format: 'slimflow work 1',
        identity: 'id',
        state: { at: 1, sum: new Float32Array(4) },
      };
      writeFileSync(work, serialize(format));
      return [training, written, work];
    }),
    ...commonSeeds('checkpoint', '.none'),
  ],
  mutate: mutateSafetensors,
  run,
  isRefusal: isEngineError,
};
