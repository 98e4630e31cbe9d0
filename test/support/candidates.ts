import type { Candidate } from '../../contract/run';
import { computedBy, provenance } from './method';

/** A candidate of which only the figures that a rule uses matter. */
export const candidateWith = (figures: Partial<Candidate>): Candidate => ({
  id: 'ssvd',
  technique: 'spatial-svd',
  parent: null,
  round: 0,
  asked: 0.5,
  model: { uri: 'file:///m', sha256: '0'.repeat(64), bytes: 1 },
  achieved: 0.5,
  ratio: 0.5,
  macs: 500,
  params: 50,
  metricBefore: 90,
  metricAfter: 98 - (figures.drop ?? 0),
  drop: 0,
  notes: [],
  computedBy,
  provenance: [provenance],
  ...figures,
});
