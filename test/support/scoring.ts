import { askedMetric, computedMetric } from '../../contract/metric';
import { methodOf } from '../../contract/techniques';
import type { CandidateInput, ScoringInput, ScoringLimits } from '../../contract/run';
import { fakeInput, fakeRef } from './fake-activities';

const roomy: ScoringLimits = { inFlight: 10, layers: 100, events: 10_000, bytes: 10_000_000 };

/** The input of a scoring of `total` layers by spatial SVD in the fake world. */
export function scoringInput(total: number, limits: Partial<ScoringLimits> = {}): ScoringInput {
  const { model, data, settings } = fakeInput();
  const { candidates, scoring, reconstruction, metric, compute } = settings;
  return {
    of: 'original',
    technique: 'spatial-svd',
    parts: fakeRef('parts'),
    total,
    limits: { ...roomy, ...limits },
    request: {
      model,
      method: methodOf(settings, 'spatial-svd'),
      candidates,
      reconstruction,
      metric: computedMetric(metric, model),
      compute,
      samples: scoring.samples,
      evaluate: data.evaluate,
      train: data.train,
    },
  };
}

/** The input of making a candidate in the fake world. */
export function candidateInput(): CandidateInput {
  const { model, data, settings } = fakeInput();
  const { metric, fineTune, reconstruction, selection, compute } = settings;
  return {
    plan: { id: 'ssvd-0.5', technique: 'spatial-svd', parent: null, round: 0, asked: 0.5 },
    model,
    scores: fakeRef('scores'),
    method: methodOf(settings, 'spatial-svd'),
    data,
    settings: { metric: askedMetric(metric, model), fineTune, reconstruction, selection, compute },
  };
}
