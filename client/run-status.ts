/** Whether a run goes on, or how it ended. */
export const runStatuses = [
  'running',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timed-out',
] as const;
export type RunStatus = (typeof runStatuses)[number];

const statuses: Readonly<Record<string, RunStatus>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
  // Its place is taken by another execution of the same run.
  CONTINUED_AS_NEW: 'completed',
};

/** The status of an execution as Temporal tells it; one that the server has paused is running. */
export const statusOf = ({ status }: { readonly status: { readonly name: string } }): RunStatus =>
  statuses[status.name] ?? 'running';
