import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { madeBy } from '../store/artifact';
import { checkpointedActivity } from './checkpointed';
import type { ScoredLayer } from '../contract/activities';
import { localData, localMetric, machineryAt } from './activity-context';

const factorsIn = (folder: string) => join(folder, 'factors.safetensors');

/** The score with one part compressed, for each candidate ratio; its factors too if it is decomposed. */
export const scoreLayer = checkpointedActivity('scoreLayer', {
  input: async (at, request, folder, checkpointing) => ({
    model: await at.store.path(request.model),
    method: request.method,
    layer: request.layer,
    candidates: request.candidates,
    evaluate: await localData(at.store, request.evaluate),
    samples: request.samples,
    train: await localData(at.store, request.train),
    reconstruction: request.reconstruction,
    metric: await localMetric(at, request.metric),
    machinery: machineryAt(at, request.compute),
    factors: factorsIn(folder),
    checkpointing,
  }),
  result: async (at, scored, folder, key) => {
    const file = factorsIn(folder);
    const factors = existsSync(file) ? madeBy(await at.store.putFile(file, { move: true }), key) : undefined;
    const artifact = await at.store.putJson({ ...scored, factors } satisfies ScoredLayer);
    return { scores: scored.scores, artifact, factors };
  },
});
