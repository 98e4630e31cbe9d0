import { techniques } from '../engine/names';
import { boundedNotes } from './bounds';
import { perform } from './perform';
import type { Activities, Analysis, Part } from '../contract/activities';
import type { Workplace } from './activity-context';

/** Activity: counts a model's MACs and parameters, and lists its compressible parts. */
export const analyze =
  (at: Workplace): Activities['analyze'] =>
  (request) =>
    perform(at, 'analyze', request, async ({ run }): Promise<Analysis> => {
      const { cost, score, multiplicity, minimum, importance, coupled, ignore, inputSize } = request;
      const { macs, params, parts, notes } = await run('analyze', {
        model: await at.store.path(request.model),
        cost,
        score,
        multiplicity,
        minimum,
        importance,
        coupled,
        ignore,
        inputSize,
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
        notes: boundedNotes(notes),
      };
    });
