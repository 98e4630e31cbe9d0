import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { madeBy } from '../store/artifact';
import { checkpointed } from './checkpointed';
import { perform } from './perform';
import type { Activities, LayerScoring, ScoredLayer } from '../contract/activities';
import { localData, machineryAt, type Workplace } from './activity-context';

/**
 * The score with one part compressed, for each candidate ratio; its factors too where it is decomposed. From the last
 * checkpoint where there is one.
 */
export const scoreLayer =
  (at: Workplace): Activities['scoreLayer'] =>
  (request) =>
    perform(at, 'scoreLayer', request, (performance) =>
      at.store.scratch.use((folder) => {
        const { compute, ...rest } = request;
        const file = join(folder, 'factors.safetensors');
        return checkpointed(
          at,
          performance,
          folder,
          async (checkpointing, onProgress) =>
            performance.run(
              'scoreLayer',
              {
                ...rest,
                model: await at.store.path(request.model),
                evaluate: await localData(at.store, request.evaluate),
                train: await localData(at.store, request.train),
                machinery: machineryAt(at, compute),
                factors: file,
                checkpointing,
              },
              onProgress,
            ),
          async (scored): Promise<LayerScoring> => {
            const factors = existsSync(file)
              ? madeBy(await at.store.putFile(file, { move: true }), performance.key)
              : undefined;
            const artifact = await at.store.putJson({ ...scored, factors } satisfies ScoredLayer);
            return { scores: scored.scores, artifact, factors };
          },
        );
      }),
    );
