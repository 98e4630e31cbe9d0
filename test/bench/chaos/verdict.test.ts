import { differences } from '../../../bench/chaos/verdict';
import type { Result } from '../../../run-spec/result-schema';
import { computedBy, provenance } from '../../support/method';

const ref = (sha256: string) => ({ uri: `file:///${sha256}`, sha256, bytes: 1 });
const candidate = (id: string, changes: object = {}): Result['candidates'][number] => ({
  id,
  technique: 'spatial-svd',
  parent: null,
  round: 0,
  asked: 0.5,
  achieved: 0.5,
  macs: 1,
  params: 1,
  metricBefore: 90,
  metricAfter: 95,
  latencyMs: 1,
  model: ref(id),
  computedBy,
  provenance: [provenance],
  reasons: [],
  ...changes,
});
const result = (candidates: Result['candidates'], changes: object = {}): Result => ({
  version: 1,
  outcome: 'selected',
  target: 0.5,
  tolerance: 1,
  cost: 'macs',
  failed: [],
  picks: [],
  skipped: [],
  decisions: [],
  latencyBy: provenance,
  original: { macs: 2, params: 2, metric: 96, test: 95, latencyMs: 2 },
  selected: 'a',
  unmet: null,
  notes: [],
  workflowId: 'w',
  runId: 'r',
  seconds: 1,
  final: { ratio: 0.5, macRatio: 0.5, paramRatio: 0.5, metric: 95, test: 94, drop: 1, latencyMs: 1 },
  candidates,
  ...changes,
});

describe('results of the same spec', () => {
  const quiet = result([candidate('a'), candidate('b')]);

  it('are the same work whatever took how long, and wherever models lie', () => {
    const elsewhere = { latencyMs: 9, model: { ...ref('a'), uri: 'file:///other' } };
    const late = result([candidate('a', elsewhere), candidate('b')], { seconds: 99, runId: 's' });
    expect(differences(quiet, late)).toEqual([]);
  });

  it('may select another of equal models, since that is by latency, but the equal ones are the same', () => {
    const chosen = (id: string, equal: readonly string[]) => {
      const by = (own: string) =>
        own === id
          ? [{ state: 'selected' as const, among: { equal, by: 'latency' as const } }]
          : [{ state: 'eligible' as const }];
      const reasons = (own: string) => [`${own === id ? '' : 'not '}selected: it takes ${id} ms`];
      const all = ['a', 'b'].map((own) => candidate(own, { verdicts: by(own), reasons: reasons(own) }));
      return result(all, { selected: id, notes: [`slower than the original: ${id}`] });
    };
    expect(differences(chosen('a', ['a', 'b']), chosen('b', ['a', 'b']))).toEqual([]);
    const others = differences(chosen('a', ['a', 'b']), chosen('a', ['a', 'c']));
    expect(others.map((text) => text.split(':')[0])).toEqual(['b', 'equal']);
  });

  it('differ by a byte of a model, a figure, a candidate, or the selection', () => {
    const told = (changed: Result) => differences(quiet, changed).map((text) => text.split(':')[0]);
    expect(told(result([candidate('a', { model: ref('x') }), candidate('b')]))).toEqual(['a']);
    expect(told(result([candidate('a'), candidate('b', { metricAfter: 94 })]))).toEqual(['b']);
    expect(told(result([candidate('a')]))).toEqual(['b']);
    expect(told(result([...quiet.candidates], { selected: 'b' }))).toEqual(['selected']);
  });
});
