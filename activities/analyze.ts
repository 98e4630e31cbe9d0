import { perform } from './perform';
import type { Activities } from './types';
import type { Workplace } from './workplace';

/** MACs, parameters and compressible layers of a model. */
export const analyze =
  (at: Workplace): Activities['analyze'] =>
  (request) =>
    perform(at, 'analyze', request, async ({ run }) => {
      const model = await at.store.path(request.model);
      const { macs, params, layers, notes } = await run('analyze', { model, ignore: request.ignore });
      const compressible = layers.filter(({ techniques }) => techniques.length);
      return {
        macs,
        params,
        notes,
        layers: compressible.map(({ name, techniques }) => ({ name, techniques })),
      };
    });
