import { perform } from './perform';
import type { Activities } from '../contract/activities';
import { machineryAt, type Workplace } from './activity-context';

/** Activity: measures the latency of models in turn. */
export const latency =
  (at: Workplace): Activities['latency'] =>
  (request) =>
    perform(at, 'latency', request, async ({ run }) => {
      const { compute, inputSize, runs, batch, threads } = request;
      const models = await Promise.all(request.models.map((ref) => at.store.path(ref)));
      const machinery = { ...machineryAt(at, compute), ...(threads !== undefined && { threads }) };
      return run('latency', { models, inputSize, runs, batch, machinery });
    });
