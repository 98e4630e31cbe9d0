import { workflowLink } from '../server/find-server';
import { exit } from './exit-status';
import type { RunFlags } from './options';
import { toStderr, toStdout, withRun } from './temporal-session';
import { exitOf, showRun } from './show-run';

/** `slimflow watch`: follows a run to its end, also over a server that is away; Ctrl-C leaves it as it is. */
export function watch(name: string | undefined, { state, json }: RunFlags): Promise<number> {
  const say = json ? toStderr : toStdout;
  return withRun({ state, say }, name, async (workflowId, { client, server, signal }) => {
    say(`Run ${workflowId}`);
    const link = workflowLink(server, workflowId);
    if (link) say(`In Temporal's UI: ${link}`);
    try {
      const end = await showRun(client, workflowId, { json, signal });
      if (end.result) say(`\`slimflow result ${workflowId}\` writes its files.`);
      return exitOf(end);
    } catch (error) {
      if (!signal.aborted) throw error;
      say('\nNo longer watched; the run is left as it is.');
      return exit.detached;
    }
  });
}
