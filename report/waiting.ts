import type { RunEvent, Wait } from '../client/events';
import { retryLines } from './progress';

const approval = (what: string, { proposed, until }: Wait): string =>
  `waiting for someone to approve ${what} ${(proposed ?? []).join(', ')}${until ? ` until ${until}` : ''}: slimflow approve`;

/** Describes what a run waits for in one line. */
export function waitingText(waiting: Wait): string {
  const { by, reason } = waiting;
  switch (waiting.for) {
    case 'server':
      return 'waiting for the Temporal server, which does not answer';
    case 'worker':
      return 'waiting for a worker: start `slimflow worker`, or `slimflow run` with the spec';
    case 'device':
      return `waiting for the device of task queue ${waiting.taskQueue}, which measures latency and does not answer, or is busy with another run: start there \`slimflow worker --queue latency --task-queue ${waiting.taskQueue}\``;
    case 'activity':
      return `waiting for activity ${waiting.activity} on task queue ${waiting.taskQueue}, which nobody serves: start its worker there`;
    case 'picks':
      return approval('the picks', waiting);
    case 'selection':
      return approval('the selected model', waiting);
    case 'resume':
      return `paused by ${by}${reason ? `: ${reason}` : ''}; continue with: slimflow resume`;
  }
}

const waitEnded: Record<Wait['for'], string> = {
  server: 'the Temporal server answers again',
  worker: 'a worker answers',
  device: 'the device answers',
  activity: 'the activity is served',
  picks: 'no longer waiting for the picks',
  selection: 'no longer waiting for the selection',
  resume: 'resumed',
};

/** Describes an event that the table of a run does not show in one line; undefined for the others. */
export function eventText(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'run':
      return event.isReset ? `the run was reset: execution ${event.runId} continues it` : undefined;
    case 'waiting':
      return waitingText(event);
    case 'continued':
      return waitEnded[event.after];
    case 'decision':
      return `${event.by}: ${event.what}${event.note ? ` (${event.note})` : ''}`;
    case 'retry':
      return retryLines({ ...event, failure: event }, Date.now()).join('\n');
    default:
      return undefined;
  }
}
