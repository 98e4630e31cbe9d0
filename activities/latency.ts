import { perform } from './perform';
import type { Activities } from './types';
import type { Workplace } from './workplace';

/** The latency of models, measured in turn. */
export const latency =
  (at: Workplace): Activities['latency'] =>
  (request) =>
    perform(at, 'latency', request, async ({ run }) => {
      const models = await Promise.all(request.models.map((ref) => at.store.path(ref)));
      return run('latency', { models, threads: at.threads, runs: request.runs });
    });
