import { perform } from './perform';
import type { Activities } from '../contract/activities';
import { machineryAt, type Workplace } from './activity-context';

/** Activity: measures the latency of models in turn. */
export const latency =
  (at: Workplace): Activities['latency'] =>
  (request) =>
    perform(at, 'latency', request, async ({ run }) => {
      const { compute, inputSize, runs } = request;
      const models = await Promise.all(request.models.map((ref) => at.store.path(ref)));
      return run('latency', { models, inputSize, runs, machinery: machineryAt(at, compute) });
    });
