import { rmSync, writeFileSync } from 'node:fs';

import type { Lost } from '../../contract/activities';
import type { ArtifactRef } from '../../store/artifact';
import { compute, computedBy, methodOf, optimal, provenance } from '../support/method';
import { atWork } from '../support/workplace';

const scores = [{ ratio: 0.5, units: 4, score: 90, error: 0.1 }];
const erase = (ref: ArtifactRef) => rmSync(new URL(ref.uri));

/** Scores two layers, collects them, and lets `use` lose some of it before compressing. */
const scored = (
  use: (
    made: {
      layers: { artifact: ArtifactRef; factors?: ArtifactRef }[];
      all: ArtifactRef;
      model: ArtifactRef;
    },
    actions: {
      compress: () => Promise<unknown>;
      redo: (lost: Lost) => Promise<unknown>;
      collect: () => Promise<ArtifactRef>;
    },
  ) => Promise<void>,
) => {
  let times = 0;
  return atWork(
    {
      scoreLayer: ({ factors, layer, method: { technique } }) => {
        writeFileSync(factors!, layer === 'c3' ? `${++times}` : `factors of ${layer}`);
        return { layer, technique, scores, provenance };
      },
      compress: ({ out }) => {
        writeFileSync(out, 'compressed');
        return {
          achieved: 0.5,
          macs: 50,
          params: 5,
          plan: [],
          multiplicity: 1,
          notes: [],
          computedBy,
          provenance,
        };
      },
    },
    async ({ do: perform, model, split }) => {
      const shared = {
        model,
        method: methodOf('spatial-svd'),
        train: split,
        compute,
        reconstruction: { samples: 1, patches: 1, seed: 0 },
      } as const;
      const score = (layer: string) =>
        perform('scoreLayer', {
          ...shared,
          layer,
          candidates: [0.5],
          samples: 10,
          evaluate: split,
          metric: 'top1',
        });
      const layers = [await score('c1'), await score('c2'), await score('c3')];
      const collect = () => perform('collectScores', { layers: layers.map(({ artifact }) => artifact) });
      const all = await collect();
      await use(
        { layers, all, model },
        {
          collect,
          compress: () => perform('compress', { ...shared, selection: optimal, target: 0.5, scores: all }),
          redo: ({ activity, request }) => perform(activity as 'scoreLayer', request as never),
        },
      );
    },
  );
};

/** The work that a failure says must be done again. */
async function lostBy(work: Promise<unknown>): Promise<readonly Lost[]> {
  const failure = (await work.catch((error: unknown) => error)) as { details?: [readonly Lost[]] };
  return failure.details?.[0] ?? [];
}

describe('an activity whose input the store lost', () => {
  it('names all work that made it; doing that again restores it', () =>
    scored(async ({ layers }, { compress, redo }) => {
      erase(layers[0].factors!);
      writeFileSync(new URL(layers[1].factors!.uri), 'spoiled');
      await expect(compress()).rejects.toMatchObject({ type: 'ArtifactMissing', nonRetryable: true });
      const lost = await lostBy(compress());
      expect(lost.map(({ activity, request }) => [activity, (request as { layer: string }).layer])).toEqual([
        ['scoreLayer', 'c1'],
        ['scoreLayer', 'c2'],
      ]);
      for (const one of lost) await redo(one);
      await expect(compress()).resolves.toMatchObject({ macs: 50 });
    }));

  it('names what collected the scores, and that names the layers', () =>
    scored(async ({ layers, all }, { compress, collect, redo }) => {
      erase(all);
      erase(layers[1].artifact);
      expect((await lostBy(compress())).map(({ activity }) => activity)).toEqual(['collectScores']);
      const lost = await lostBy(collect());
      expect(lost.map(({ activity }) => activity)).toEqual(['scoreLayer']);
      await redo(lost[0]);
      expect(await collect()).toEqual(all);
      await expect(compress()).resolves.toMatchObject({ macs: 50 });
    }));

  it("can't go on without a user's file, and says what to do", () =>
    scored(async ({ model }, { compress }) => {
      writeFileSync(new URL(model.uri), 'other');
      expect(await lostBy(compress())).toEqual([]);
      await expect(compress()).rejects.toMatchObject({
        type: 'ArtifactCorrupt',
        nonRetryable: true,
        message: expect.stringMatching(/start the run again from the original files/) as string,
      });
    }));

  it('does not take other bytes for what was lost', () =>
    scored(async ({ layers }, { compress, redo }) => {
      erase(layers[2].factors!); // made with other bytes each time
      const [lost] = await lostBy(compress());
      await redo(lost);
      expect(await lostBy(compress())).toEqual([]);
      await expect(compress()).rejects.toThrow(/can't be computed again/);
    }));
});
