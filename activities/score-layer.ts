import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { perform } from './perform';
import type { Activities, LayerScoring, ScoredLayer } from './types';
import { localData, type Workplace } from './workplace';

/** The metric with one layer compressed, for each candidate ratio; for spatial SVD, its factors too. */
export const scoreLayer =
  (at: Workplace): Activities['scoreLayer'] =>
  (request) =>
    perform(at, 'scoreLayer', request, ({ run }) =>
      at.store.scratch.use(async (folder): Promise<LayerScoring> => {
        const file = request.technique === 'spatial-svd' ? join(folder, 'factors.safetensors') : undefined;
        const { layer, technique, scores } = await run('scoreLayer', {
          ...request,
          model: await at.store.path(request.model),
          evaluate: await localData(at.store, request.evaluate),
          train: await localData(at.store, request.train),
          threads: at.threads,
          factors: file,
        });
        const factors = file && existsSync(file) ? await at.store.putFile(file, { move: true }) : undefined;
        const artifact = await at.store.putJson({ layer, technique, scores, factors } satisfies ScoredLayer);
        return { scores, artifact, factors };
      }),
    );
