import { perform } from './perform';
import type { Activities } from './types';
import { localData, machineryAt, type Workplace } from './workplace';

/** The metric of a model on a split. */
export const evaluate =
  (at: Workplace): Activities['evaluate'] =>
  (request) =>
    perform(at, 'evaluate', request, async ({ run }) =>
      run('evaluate', {
        model: await at.store.path(request.model),
        data: await localData(at.store, request.data),
        metric: request.metric,
        machinery: machineryAt(at, request.compute),
      }),
    );
