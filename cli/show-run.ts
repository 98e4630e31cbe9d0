import type { Client } from '@temporalio/client';

import { candidatesOf } from '../client/ended-progress';
import { follow } from '../client/follow';
import type { LiveProgress, RunEnd } from '../client/observation';
import { observe } from '../client/observe';
import { outcomeText } from '../report/outcome';
import { candidatesTable } from '../report/candidate-table';
import { exitStatus } from './exit-status';
import { progressDisplay } from './live-progress';
import { toStderr, toStdout } from './temporal-session';

/** Shows a run on standard output until it ends: its drawn state, or with `json` one line per event. */
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
    const display = progressDisplay(process.stdout);
    let last: LiveProgress | undefined;
    try {
      for await (const observation of observe(client, workflowId, { signal })) {
        last = observation.progress;
        display.update(observation);
        if (!observation.end) continue;
        display.end();
        printEnd(observation.end, last);
        return observation.end;
      }
    } finally {
      display.end();
    }
  }
  throw new Error(`lost track of run ${workflowId}: the server stopped reporting it`);
}

const ended: Record<RunEnd['status'], string> = {
  completed: 'ended',
  failed: 'failed',
  cancelled: 'was cancelled',
  terminated: 'was terminated',
  'timed-out': 'timed out',
};

/** Prints how a run ended: the table of candidates, then the outcome or the reason of the failure. */
export function printEnd(end: RunEnd, progress: Pick<LiveProgress, 'candidates'> | undefined): void {
  const { result, status, reason } = end;
  const candidates = progress?.candidates ?? (result ? candidatesOf(result) : []);
  if (candidates.length) toStdout(`\n${candidatesTable({ candidates })}`);
  if (result) toStdout(outcomeText(result));
  else toStderr(`The run ${ended[status]}: ${reason}`);
}

/** Returns the exit status for a run that has ended. */
export function exitStatusOf({ status, result }: RunEnd): number {
  if (result) return result.selected ? exitStatus.done : exitStatus.requirementNotMet;
  return status === 'cancelled' || status === 'terminated' ? exitStatus.cancelled : exitStatus.failed;
}
