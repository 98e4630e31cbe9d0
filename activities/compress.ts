import { join } from 'node:path';

import { perform } from './perform';
import type { Activities, CompressedModel, ScoredLayer } from './types';
import { localData, type Workplace } from './workplace';

/** A model compressed to a target. */
export const compress =
  (at: Workplace): Activities['compress'] =>
  (request) =>
    perform(at, 'compress', request, ({ run }) =>
      at.store.scratch.use(async (folder): Promise<CompressedModel> => {
        const layers = await at.store.json<ScoredLayer[]>(request.scores);
        const factors: Record<string, string> = {};
        for (const { layer, factors: ref } of layers) if (ref) factors[layer] = await at.store.path(ref);
        const out = join(folder, 'model.onnx');
        const { macs, params, shortfall, notes } = await run('compress', {
          model: await at.store.path(request.model),
          technique: request.technique,
          target: request.target,
          scores: layers.map(({ layer, technique, scores }) => ({ layer, technique, scores })),
          factors,
          train: await localData(at.store, request.train),
          reconstruction: request.reconstruction,
          threads: at.threads,
          out,
        });
        return { model: await at.store.putFile(out, { move: true }), macs, params, shortfall, notes };
      }),
    );
