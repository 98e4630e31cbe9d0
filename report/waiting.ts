import type { RunEvent, Waiting } from '../client/events';

const person = (what: string, { proposed, until }: Waiting): string =>
  `waiting for a person to approve of ${what} ${(proposed ?? []).join(', ')}${until ? ` until ${until}` : ''}: slimflow approve`;

/** What a run waits for, as a line for a terminal. */
export function waitingText(waiting: Waiting): string {
  const { by, reason } = waiting;
  switch (waiting.for) {
    case 'server':
      return 'waiting for the Temporal server, which does not answer';
    case 'worker':
      return 'waiting for a worker: `slimflow worker`, or `slimflow run` with its spec, is one';
    case 'picks':
      return person('the picks', waiting);
    case 'selection':
      return person('the selected model', waiting);
    case 'resume':
      return `paused by ${by}${reason ? `: ${reason}` : ''}; slimflow resume lets it go on`;
  }
}

const over: Record<Waiting['for'], string> = {
  server: 'the Temporal server answers again',
  worker: 'a worker answers',
  picks: 'no longer waiting for the picks',
  selection: 'no longer waiting for the selection',
  resume: 'resumed',
};

/** A line on an event that is not seen in a run's table; undefined for the others. */
export function eventText(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'run':
      return event.isReset ? `the run was reset: execution ${event.runId} goes on in its place` : undefined;
    case 'waiting':
      return waitingText(event);
    case 'continued':
      return over[event.after];
    case 'decision':
      return `${event.by}: ${event.what}${event.note ? ` (${event.note})` : ''}`;
    default:
      return undefined;
  }
}
