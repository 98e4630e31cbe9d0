import type { Result } from '../../run-spec/result-schema';
import { computedBy, provenance } from './method';

const plan = { technique: 'spatial-svd', parent: null, round: 0 } as const;
const candidate = (id: string, asked: number): Result['candidates'][number] => ({
  ...plan,
  id,
  asked,
  achieved: asked,
  macs: 1000 * asked,
  params: 100 * asked,
  metricBefore: 90,
  provenance: [provenance],
  reasons: [],
  metricAfter: 97.5,
  latencyMs: 1.5,
  computedBy,
  model: { uri: 'file:///m', sha256: 'a'.repeat(64), bytes: 1 },
});
/** A result with four candidates, one of which could not be made. */
export const result: Result = {
  version: 1,
  outcome: 'selected',
  target: 0.5,
  tolerance: 1,
  cost: 'macs',
  original: { macs: 1000, params: 100, metric: 98, test: 97, latencyMs: 3 },
  candidates: [candidate('ssvd-0.50', 0.5), candidate('ssvd-0.65', 0.65), candidate('ssvd-0.75', 0.75)],
  skipped: [],
  decisions: [],
  latencyBy: provenance,
  failed: [{ ...plan, id: 'ssvd-0.90', asked: 0.9, reason: 'no rank fits' }],
  picks: ['ssvd-0.50', 'ssvd-0.65'],
  selected: 'ssvd-0.50',
  final: { ratio: 0.5, macRatio: 0.5, paramRatio: 0.5, metric: 97.5, test: 96.5, drop: 0.5, latencyMs: 1.5 },
  unmet: null,
  notes: ['c9 stays'],
  workflowId: 'w',
  runId: 'r',
  seconds: 61.4,
};
