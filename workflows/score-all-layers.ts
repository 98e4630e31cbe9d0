import type { Analysis } from '../contract/activities';
import { type Technique, techniqueTraits } from '../engine/names';
import type { ArtifactRef } from '../store/artifact';
import { executePausable } from './pause';
import { scoringMetric } from '../contract/metric';
import { methodOf } from '../contract/techniques';
import { summary } from './proxies';
import type { Run } from './run-state';
import { scoreModel } from './score-model';
import type { ScoringLimits } from '../contract/run';

/**
 * Limits of one run of `scoreModel`, after which it continues as new: less than a tenth of Temporal's limits (51,200
 * events and 50 MB of history, 2,000 activities under way), with room for what is under way when a bound is met. They
 * go with its input, so that a run that is replayed keeps to the ones that it began with.
 */
export const scoringLimits: ScoringLimits = { inFlight: 100, layers: 250, events: 4000, bytes: 3_000_000 };

/** The eval scores of every layer of a model that a technique can compress, by a child workflow. */
export async function scores(
  run: Run,
  of: string,
  model: ArtifactRef,
  { parts, layers }: Pick<Analysis, 'parts' | 'layers'>,
  technique: Technique,
): Promise<ArtifactRef> {
  const { name, data, settings } = run.input;
  const { candidates, scoring, reconstruction, metric, compute } = settings;
  const total = layers[technique];
  run.scoring({ of, technique, done: 0, total });
  const { summary: staticSummary } = summary(
    `eval scores of ${of === 'original' ? 'the original' : of} for ${techniqueTraits[technique].words}`,
  );
  const scored = await executePausable(scoreModel, {
    workflowId: `${run.workflowId}/scores/${of}/${technique}`,
    // A reset may have left one running: its scores are in the store.
    workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
    staticSummary,
    memo: { model: name, scores: of },
    args: [
      {
        of,
        technique,
        parts,
        total,
        limits: scoringLimits,
        request: {
          model,
          method: methodOf(settings, technique),
          candidates,
          samples: scoring.samples,
          reconstruction,
          metric: scoringMetric(metric, run.input.model),
          evaluate: data.evaluate,
          train: data.train,
          compute,
        },
      },
    ],
  });
  run.scoring({ of, technique, done: total, total });
  return scored;
}
