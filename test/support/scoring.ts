import { methodOf } from '../../contract/techniques';
import type { ScoringInput, ScoringLimits } from '../../contract/run';
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
      metric,
      compute,
      samples: scoring.samples,
      evaluate: data.evaluate,
      train: data.train,
    },
  };
}
