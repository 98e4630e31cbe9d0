import { techniques } from '../engine/names';
import { boundedNotes } from './bounds';
import { perform } from './perform';
import type { Rehearsal } from '../engine/jobs/types';
import type { Activities, Analysis, Part, RehearsalRequest } from '../contract/activities';
import { localData, localMetric, machineryAt, type Workplace } from './activity-context';

/** Activity: counts a model's MACs and parameters, and lists its compressible parts. */
export const analyze =
  (at: Workplace): Activities['analyze'] =>
  (request) =>
    perform(at, 'analyze', request, async ({ run }): Promise<Analysis> => {
      const { cost, score, multiplicity, minimum, importance, coupled, ignore, inputSize, rehearsal } =
        request;
      const { macs, params, parts, notes, block } = await run('analyze', {
        model: await at.store.path(request.model),
        cost,
        score,
        multiplicity,
        minimum,
        importance,
        coupled,
        ignore,
        inputSize,
        ...(rehearsal && { rehearsal: await localRehearsal(at, rehearsal) }),
      });
      const count = (asked: (typeof techniques)[number]) =>
        parts.filter(({ technique }) => technique === asked).length;
      const layers = Object.fromEntries(techniques.map((technique) => [technique, count(technique)]));
      const names = parts.map(({ name, technique }): Part => ({ name, technique }));
      return {
        macs,
        params,
        layers: layers as Analysis['layers'],
        parts: await at.store.putJson(names),
        ...(block !== undefined && { block }),
        notes: boundedNotes(notes),
      };
    });

/** The local files of a rehearsal. It runs on the CPU, as models are analyzed by workers that may have nothing else. */
async function localRehearsal(
  at: Workplace,
  { runs, judged, fineTune, gradients, latency, batch, goal }: RehearsalRequest,
): Promise<Rehearsal> {
  const all = (refs: RehearsalRequest['runs']) => Promise.all(refs.map((ref) => localData(at.store, ref)));
  const { teacher } = fineTune ?? {};
  return {
    machinery: machineryAt(at, { provider: 'cpu', linearAlgebra: 'auto' }),
    runs: await all(runs),
    ...(judged && {
      judged: { metric: await localMetric(at, judged.metric), data: await all(judged.data) },
    }),
    ...(fineTune && {
      fineTune: {
        settings: fineTune.settings,
        data: await localData(at.store, fineTune.data),
        ...(teacher && { teacher: await at.store.path(teacher) }),
      },
    }),
    gradients,
    latency,
    batch,
    goal,
  };
}
