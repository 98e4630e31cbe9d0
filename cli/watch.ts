import { workflowLink } from '../server/find-server';
import { exitStatus } from './exit-status';
import type { RunFlags } from './options';
import { toStderr, toStdout, withRunSession } from './temporal-session';
import { exitStatusOf, showRun } from './show-run';

/** `slimflow watch`: follows a run to its end, even while the server is unreachable; Ctrl-C does not affect the run. */
export function watch(name: string | undefined, { state, json }: RunFlags): Promise<number> {
  const say = json ? toStderr : toStdout;
  return withRunSession({ state, say }, name, async (workflowId, { client, server, signal }) => {
    say(`Run ${workflowId}`);
    const link = workflowLink(server, workflowId);
    if (link) say(`In Temporal's UI: ${link}`);
    try {
      const end = await showRun(client, workflowId, { json, signal });
      if (end.result) say(`Write its files with \`slimflow result ${workflowId} --out FOLDER\`.`);
      return exitStatusOf(end);
    } catch (error) {
      if (!signal.aborted) throw error;
      say('\nStopped watching; the run continues.');
      return exitStatus.detached;
    }
  });
}
