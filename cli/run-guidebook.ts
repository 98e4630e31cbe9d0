import { join } from 'node:path';

import { startGuidebook, taskQueueOf } from '../client/start-guidebook';
import { onceThere } from '../client/retry-until-up';
import { complaint } from '../server/reachable';
import { workflowLink } from '../server/find-server';
import type { CompressionSpec } from '../run-spec/spec';
import { openStore } from '../store/open';
import type { Store } from '../store/store';
import { allInOne } from '../workers/all-in-one';
import { exit } from './exit-status';
import { logTo } from './log';
import { type StoreFlags, storeAt } from './options';
import { inSession, type Session, toStderr, toStdout } from './temporal-session';
import { exitOf, showRun } from './show-run';
import { writeResult } from './write-result';

/** Runs a spec that was checked: finds a Temporal server, works for the run, follows it, and writes its result. */
export async function runSpec(spec: CompressionSpec, flags: StoreFlags): Promise<number> {
  const { state, json } = flags;
  const say = json ? toStderr : toStdout;
  logTo(join(state, 'slimflow.log'));
  const store = openStore(storeAt(flags));
  return inSession({ state, say, isFirst: true }, async (session) => {
    say(`Temporal: ${session.server.found}`);
    try {
      return await runIn(session, spec, store, flags);
    } catch (error) {
      if (!session.signal.aborted) throw error;
      say(`\nDetached. The run stays as it is: the same command goes on with it.`);
      return exit.detached;
    }
  });
}

/** The part of it that needs a server: a worker in this process, the workflow, and its result. */
async function runIn(
  { server, client, signal }: Session,
  spec: CompressionSpec,
  store: Store,
  { json }: StoreFlags,
): Promise<number> {
  const say = json ? toStderr : toStdout;
  const taskQueue = await taskQueueOf(store);
  const { connection, namespace } = server;
  // A server that dies in this very moment is back in the next.
  const isThere = async () => (await complaint(connection, namespace)) === undefined;
  const patiently = <T>(work: () => Promise<T>) => onceThere(work, { isThere, signal });
  const { handle, isResumed, missingAttributes } = await patiently(() =>
    startGuidebook(client, spec, { store, taskQueue }),
  );
  say(`${isResumed ? 'Going on with the run' : 'Run'} ${handle.workflowId}`);
  const link = workflowLink(server, handle.workflowId);
  if (link) say(`In Temporal's UI: ${link}`);
  if (missingAttributes.length)
    say(
      `This server lacks ${missingAttributes.length} of Slimflow's search attributes; \`slimflow setup\` adds them.`,
    );
  signal.throwIfAborted();
  const worker = await patiently(() => allInOne({ connection, namespace, taskQueue, store: store.where }));
  try {
    const showing = showRun(client, handle.workflowId, { json, signal });
    // A worker that breaks down would leave the run waiting for ever.
    const end = await Promise.race([showing, worker.ended.then(() => showing)]);
    if (end.result) {
      const written = await writeResult(end.result, spec.outDir, store);
      say(
        end.result.selected
          ? `Written: ${written.join(', ')}`
          : `${written.join(', ')} has all candidates, with where their models are.`,
      );
    }
    return exitOf(end);
  } finally {
    await worker.stop();
  }
}
