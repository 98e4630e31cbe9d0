import type { LiveProgress, Observation } from '../../client/observation';

const plan = { technique: 'spatial-svd', parent: null, round: 0, workflowId: 'w', asked: 0.5 } as const;

/** A row of the table of a run that is under way. */
export const runningRow = { ...plan, id: 'ssvd-0.50', status: 'running' } as const;

/** Returns the view of a run at the beginning of step 2, with some fields changed. */
export const seen = (
  change: Partial<LiveProgress> = {},
  more: Partial<Observation> = {},
): Observation & { readonly progress: LiveProgress } => ({
  workflowId: 'w',
  runId: 'r',
  ...more,
  progress: {
    name: 'resnet',
    target: 0.5,
    tolerance: 1,
    cost: 'macs',
    stage: 'SVD',
    scoring: [],
    candidates: [runningRow],
    notes: [],
    judgements: [],
    decisions: [],
    doing: {},
    ...change,
  },
});

/** Progress of the one candidate's fine-tuning. */
export const tuning = (done: number, attempt = 1): Partial<LiveProgress> => ({
  doing: { 'ssvd-0.50': { activity: 'fineTune', attempt, at: { done, total: 100, note: `step ${done}` } } },
});
