import { identity } from '../client/connect';
import { type Ask, ask, awaitedApproval, Refused, signal } from '../client/steer';
import { type AdjustFlags, adjustments, type ApproveFlags, type NoteFlags } from './adjustments';
import { BadInput, exit } from './exit';
import type { RunFlags } from './options';
import { toStderr, toStdout, withRun } from './session';

/** `slimflow approve`: the picks or the selection that a run waits with, or others. */
export function approve(name: string | undefined, flags: ApproveFlags): Promise<number> {
  const { picks, select, note } = flags;
  const said = { by: identity(), ...(note !== undefined && { note }) };
  return asking(name, flags, async (waiting) => {
    if (picks && select !== undefined) throw new BadInput('give --picks or --select, as they are asked for one after the other');
    if (picks) return [{ update: 'approvePicks', args: { picks, ...said } }];
    if (select !== undefined) return [{ update: 'approveSelection', args: { candidate: select, ...said } }];
    const what = await waiting();
    if (what === 'picks') return [{ update: 'approvePicks', args: said }];
    if (what === 'selection') return [{ update: 'approveSelection', args: said }];
    throw new BadInput('the run does not wait for anyone to approve of something');
  });
}

/** `slimflow adjust`: other targets, candidates more or fewer. */
export function adjust(name: string | undefined, flags: AdjustFlags): Promise<number> {
  const asks = adjustments(flags, identity());
  if (!asks.length)
    throw new BadInput('nothing to adjust: give --target, --tolerance, --ssvd-targets, --ccp-factors, --add or --skip');
  return asking(name, flags, async () => asks);
}

/** `slimflow finish`: the best so far is taken. */
export function finish(name: string | undefined, flags: NoteFlags): Promise<number> {
  const { note } = flags;
  return asking(name, flags, async () => [
    { update: 'finishEarly', args: { by: identity(), ...(note !== undefined && { note }) } },
  ]);
}

/** `slimflow pause`: no new work is begun until `slimflow resume`. */
export function pause(
  name: string | undefined,
  flags: RunFlags & { readonly reason?: string },
): Promise<number> {
  const { reason } = flags;
  return telling(name, flags, 'paused', (client, workflowId) =>
    signal(client, workflowId, 'pause', { by: identity(), ...(reason !== undefined && { reason }) }),
  );
}

export function resume(name: string | undefined, flags: RunFlags): Promise<number> {
  return telling(name, flags, 'resumed', (client, workflowId) =>
    signal(client, workflowId, 'resume', { by: identity() }),
  );
}

/** Asks one thing after the other, and says what the run answers; what it refuses ends the command. */
function asking(
  name: string | undefined,
  { state, json }: RunFlags,
  asksOf: (waiting: () => Promise<string | undefined>) => Promise<Ask[]>,
): Promise<number> {
  return withRun({ state, say: toStderr }, name, async (workflowId, { client }) => {
    const waiting = () => refusable(awaitedApproval(client, workflowId));
    for (const one of await asksOf(waiting)) {
      const answer = await refusable(ask(client, workflowId, one));
      toStdout(json ? JSON.stringify({ workflowId, asked: one.update, answer }) : answer);
    }
    return exit.done;
  });
}

function telling(
  name: string | undefined,
  { state, json }: RunFlags,
  done: string,
  tell: (client: Parameters<typeof signal>[0], workflowId: string) => Promise<void>,
): Promise<number> {
  return withRun({ state, say: toStderr }, name, async (workflowId, { client }) => {
    await refusable(tell(client, workflowId));
    toStdout(json ? JSON.stringify({ workflowId, status: done }) : `${workflowId}: ${done}`);
    return exit.done;
  });
}

const refusable = <T>(work: Promise<T>): Promise<T> =>
  work.catch((error) => {
    throw error instanceof Refused ? new BadInput(error.message, { cause: error }) : error;
  });
