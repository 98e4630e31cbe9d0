import { isDeepStrictEqual } from 'node:util';

import { slowerPrefix } from '../../contract/speed';
import type { Result } from '../../run-spec/result-schema';

/**
 * Lists the differences between a disturbed and an undisturbed result of the same spec. Times, latencies, what is chosen
 * by them, and names of runs may differ; models are compared by their digests, not by their paths.
 */
export function differences(undisturbed: Result, disturbed: Result): string[] {
  const [expected, found] = [essence(undisturbed), essence(disturbed)];
  const ids = new Set([...Object.keys(expected.candidates), ...Object.keys(found.candidates)]);
  const candidates = [...ids]
    .filter((id) => !isDeepStrictEqual(expected.candidates[id], found.candidates[id]))
    .map((id) => `${id}: ${json(found.candidates[id])} instead of ${json(expected.candidates[id])}`);
  const [before, after]: Readonly<Record<string, unknown>>[] = [expected.rest, found.rest];
  const rest = Object.keys({ ...before, ...after })
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .map((name) => `${name}: ${json(after[name])} instead of ${json(before[name])}`);
  return [...candidates, ...rest];
}

const json = (value: unknown) => JSON.stringify(value) ?? 'nothing';

function essence(result: Result) {
  const { outcome, original, failed, picks, selected, final, unmet, notes } = result;
  const { latencyMs: _of, ...source } = original;
  const { latencyMs: _final, speed: _speed, ...end } = final ?? { latencyMs: 0 };
  const equal = equalOf(result);
  const candidates = result.candidates.map(({ latencyMs: _, speed: __, model, ...candidate }) => ({
    ...candidate,
    ...(equal.includes(candidate.id) && untimed(candidate)),
    model: model.sha256,
  }));
  return {
    candidates: Object.fromEntries(candidates.map((candidate) => [candidate.id, candidate])),
    rest: {
      outcome,
      original: source,
      failed,
      picks,
      unmet,
      notes: notes.filter((note) => !note.startsWith(slowerPrefix)),
      // The same ones are equal each time, but which of them is fastest is measured.
      ...(equal.length ? { equal } : { selected, final: end }),
    },
  };
}

/** Ids of the models of equal metric that the selected one was chosen among by its latency; none if it was not. */
const equalOf = ({ candidates }: Result): readonly string[] =>
  candidates
    .flatMap(({ verdicts = [] }) => verdicts)
    .flatMap((verdict) => (verdict.state === 'selected' && verdict.among ? [verdict.among.equal] : []))
    .at(0) ?? [];

/** Step 3's part of a candidate's reasons and verdicts: step 5's tells of latencies. */
const untimed = ({ reasons, verdicts }: Pick<Result['candidates'][number], 'reasons' | 'verdicts'>) => ({
  reasons: reasons.filter((reason) => !/^(not )?selected: /.test(reason)),
  verdicts: verdicts?.filter(({ state }) => state === 'picked'),
});
