import type { Client } from '@temporalio/client';

import { candidatesOf } from '../client/ended-progress';
import { follow } from '../client/follow';
import type { LiveProgress, RunEnd } from '../client/observation';
import { observe } from '../client/observe';
import { outcomeText } from '../report/outcome';
import { candidatesTable } from '../report/candidate-table';
import { exit } from './exit-status';
import { live } from './live-progress';
import { toStderr, toStdout } from './temporal-session';

/** Shows a run on standard output until it has ended: its state drawn, or with `json` a line an event. */
export async function showRun(
  client: Client,
  workflowId: string,
  { json, signal }: { readonly json?: boolean; readonly signal: AbortSignal },
): Promise<RunEnd> {
  if (json) {
    for await (const event of follow(client, workflowId, { signal })) {
      toStdout(JSON.stringify(event));
      if (event.type === 'end') return event;
    }
  } else {
    const display = live(process.stdout);
    let last: LiveProgress | undefined;
    try {
      for await (const observation of observe(client, workflowId, { signal })) {
        last = observation.progress;
        display.update(observation);
        if (!observation.end) continue;
        display.end();
        conclude(observation.end, last);
        return observation.end;
      }
    } finally {
      display.end();
    }
  }
  throw new Error(`the run ${workflowId} is no longer told of`);
}

const ended: Record<RunEnd['status'], string> = {
  completed: 'ended',
  failed: 'failed',
  cancelled: 'was cancelled',
  terminated: 'was terminated',
  'timed-out': 'timed out',
};

/** Says how a run ended: the table of candidates, then the outcome or what stopped it. */
export function conclude(end: RunEnd, progress: Pick<LiveProgress, 'candidates'> | undefined): void {
  const { result, status, reason } = end;
  const candidates = progress?.candidates ?? (result ? candidatesOf(result) : []);
  if (candidates.length) toStdout(`\n${candidatesTable({ candidates })}`);
  if (result) toStdout(outcomeText(result));
  else toStderr(`The run ${ended[status]}: ${reason}`);
}

/** What a command ends with that has seen a run end. */
export function exitOf({ status, result }: RunEnd): number {
  if (result) return result.selected ? exit.done : exit.requirementNotMet;
  return status === 'cancelled' || status === 'terminated' ? exit.cancelled : exit.failed;
}
