import { perform } from './perform';
import type { Activities } from './types';
import type { Workplace } from './workplace';

/** MACs, parameters and compressible parts of a model. */
export const analyze =
  (at: Workplace): Activities['analyze'] =>
  (request) =>
    perform(at, 'analyze', request, async ({ run }) => {
      const model = await at.store.path(request.model);
      const { macs, params, parts, notes } = await run('analyze', { ...request, model });
      return { macs, params, notes, parts: parts.map(({ name, technique }) => ({ name, technique })) };
    });
