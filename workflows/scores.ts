import { CancellationScope } from '@temporalio/workflow';

import type { Analysis } from '../activities/types';
import type { Technique } from '../engine/jobs/types';
import type { ArtifactRef } from '../store/artifact';
import { methodOf } from './method';
import { collectScores, scoreLayer } from './proxies';
import type { Run } from './run';
import { sentences } from './sentences';
import { together } from './together';

/**
 * The eval scores of every layer of a model that a technique can compress, side by side. They do not depend on the
 * target: one artifact serves all candidates made of that model.
 */
export async function scores(
  run: Run,
  of: string,
  model: ArtifactRef,
  { parts }: Pick<Analysis, 'parts'>,
  technique: Technique,
): Promise<ArtifactRef> {
  const { data, settings } = run.input;
  const { candidates, scoring, reconstruction, metric, compute } = settings;
  const names = parts.filter((part) => part.technique === technique).map(({ name }) => name);
  const scored = run.scoring(of, technique, names.length);
  const shared = {
    model,
    method: methodOf(settings, technique),
    candidates,
    samples: scoring.samples,
    reconstruction,
    metric,
    evaluate: data.evaluate,
    train: data.train,
    compute,
  };
  // One layer that fails makes the rest useless: the scope stops it.
  const scope = new CancellationScope();
  return scope.run(async () => {
    const artifacts = await together(
      names.map(async (layer, at) => {
        const { artifact } = await scoreLayer.executeWithOptions(
          sentences.scoreLayer(of, technique, layer, at, candidates.length),
          [{ ...shared, layer }],
        );
        scored();
        return artifact;
      }),
      () => scope.cancel(),
    );
    return collectScores.executeWithOptions(sentences.collectScores(of, technique, names.length), [
      { layers: artifacts },
    ]);
  });
}
