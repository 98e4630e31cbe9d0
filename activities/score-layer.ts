import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { madeBy } from '../store/artifact';
import { perform } from './perform';
import type { Activities, LayerScoring, ScoredLayer } from './types';
import { localData, machineryAt, type Workplace } from './workplace';

/** The score with one part compressed, for each candidate ratio; its factors too where it is decomposed. */
export const scoreLayer =
  (at: Workplace): Activities['scoreLayer'] =>
  (request) =>
    perform(at, 'scoreLayer', request, ({ run, key }) =>
      at.store.scratch.use(async (folder): Promise<LayerScoring> => {
        const { compute, ...rest } = request;
        const file = join(folder, 'factors.safetensors');
        const scored = await run('scoreLayer', {
          ...rest,
          model: await at.store.path(request.model),
          evaluate: await localData(at.store, request.evaluate),
          train: await localData(at.store, request.train),
          machinery: machineryAt(at, compute),
          factors: file,
        });
        const factors = existsSync(file)
          ? madeBy(await at.store.putFile(file, { move: true }), key)
          : undefined;
        const artifact = await at.store.putJson({ ...scored, factors } satisfies ScoredLayer);
        return { scores: scored.scores, artifact, factors };
      }),
    );
