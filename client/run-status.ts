/** Statuses of a run: running, or how it ended. */
export const runStatuses = [
  'running',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timed-out',
] as const;
/** Status of a run. */
export type RunStatus = (typeof runStatuses)[number];

const statuses: Readonly<Record<string, RunStatus>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
  // Another execution of the same run has taken its place.
  CONTINUED_AS_NEW: 'completed',
};

/** Converts Temporal's status of an execution; one that the server has paused is running. */
export const statusOf = ({ status }: { readonly status: { readonly name: string } }): RunStatus =>
  statuses[status.name] ?? 'running';
