import type { Observation } from '../client/observation';
import { observe } from '../client/observe';
import { waitsOf } from '../client/events';
import { workflowLink } from '../server/find-server';
import { statusLines } from '../report/progress';
import { waitingText } from '../report/waiting';
import { exitStatus } from './exit-status';
import type { RunFlags } from './options';
import { toStderr, toStdout, withRunSession } from './temporal-session';
import { printEnd } from './show-run';

/** `slimflow status`: shows how far a run is, once. */
export function status(name: string | undefined, { state, json }: RunFlags): Promise<number> {
  return withRunSession({ state, say: toStderr }, name, async (workflowId, { client, server, signal }) => {
    const { startTime, memo } = await client.workflow.getHandle(workflowId).describe();
    const seen = await look();
    const { end, progress } = seen;
    const ui = workflowLink(server, workflowId);
    if (json) {
      const { status = 'running', reason, result } = end ?? {};
      const waiting = waitsOf(seen);
      const startedAt = startTime.toISOString();
      toStdout(
        JSON.stringify({
          workflowId,
          runId: seen.runId,
          status,
          startedAt,
          memo,
          waiting,
          work: seen.work,
          progress,
          reason,
          result,
          ui,
        }),
      );
      return exitStatus.done;
    }
    toStdout(`${workflowId}: ${end?.status ?? 'running'}, started ${startTime.toISOString()}`);
    if (ui) toStdout(`In Temporal's UI: ${ui}`);
    if (end) printEnd(end, progress);
    else {
      const lines = progress ? statusLines(progress, (Date.now() - startTime.getTime()) / 1000, seen) : [];
      [...lines, ...waitsOf(seen).map(waitingText)].forEach(toStdout);
    }
    return exitStatus.done;

    async function look(): Promise<Observation> {
      for await (const observation of observe(client, workflowId, { signal }))
        if (observation.silent !== 'server') return observation;
      throw new Error(`the server reports nothing about run ${workflowId}`);
    }
  });
}
