import { isDeepStrictEqual } from 'node:util';

import type { Result } from '../../run-spec/result-schema';

/**
 * Lists the differences between a disturbed and an undisturbed result of the same spec. Times, latencies and names of
 * runs may differ; models are compared by their digests, not by their paths.
 */
export function differences(undisturbed: Result, disturbed: Result): string[] {
  const [expected, found] = [essence(undisturbed), essence(disturbed)];
  const ids = new Set([...Object.keys(expected.candidates), ...Object.keys(found.candidates)]);
  const candidates = [...ids]
    .filter((id) => !isDeepStrictEqual(expected.candidates[id], found.candidates[id]))
    .map((id) => `${id}: ${json(found.candidates[id])} instead of ${json(expected.candidates[id])}`);
  const rest = (Object.keys(expected.rest) as (keyof typeof expected.rest)[])
    .filter((name) => !isDeepStrictEqual(expected.rest[name], found.rest[name]))
    .map((name) => `${name}: ${json(found.rest[name])} instead of ${json(expected.rest[name])}`);
  return [...candidates, ...rest];
}

const json = (value: unknown) => JSON.stringify(value) ?? 'nothing';

function essence(result: Result) {
  const { outcome, original, failed, picks, selected, final, unmet, notes } = result;
  const { latencyMs: _of, ...source } = original;
  const { latencyMs: _final, ...end } = final ?? { latencyMs: 0 };
  const candidates = result.candidates.map(({ latencyMs: _, model, ...candidate }) => ({
    ...candidate,
    model: model.sha256,
  }));
  return {
    candidates: Object.fromEntries(candidates.map((candidate) => [candidate.id, candidate])),
    rest: { outcome, original: source, failed, picks, selected, final: end, unmet, notes },
  };
}
