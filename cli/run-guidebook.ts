import { join } from 'node:path';

import { startGuidebook, taskQueueOf } from '../client/start-guidebook';
import { onceThere } from '../client/retry-until-up';
import { complaint } from '../server/reachable';
import { workflowLink } from '../server/find-server';
import type { CompressionSpec } from '../run-spec/spec';
import { openStore } from '../store/open';
import type { Store } from '../store/store';
import { allInOne } from '../workers/all-in-one';
import { configuredConverter } from './codec';
import { exitStatus } from './exit-status';
import { logTo } from './log';
import { type StoreFlags, storeLocation } from './options';
import { withSession, type Session, toStderr, toStdout } from './temporal-session';
import { exitStatusOf, showRun } from './show-run';
import { writeFiles } from './write-report';

/** Runs a checked spec: finds a Temporal server, does the work of the run, follows it, and writes its result. */
export async function runSpec(spec: CompressionSpec, flags: StoreFlags): Promise<number> {
  const { state, json } = flags;
  const say = json ? toStderr : toStdout;
  logTo(join(state, 'slimflow.log'));
  const store = openStore(storeLocation(flags));
  return withSession({ state, say, mayStart: true }, async (session) => {
    say(`Temporal: ${session.server.found}`);
    try {
      return await runIn(session, spec, store, flags);
    } catch (error) {
      if (!session.signal.aborted) throw error;
      say('\nDetached. The run is kept: repeat the command to continue it.');
      return exitStatus.detached;
    }
  });
}

/** Does the part that needs a server: runs a worker in this process, and the workflow, and writes its result. */
async function runIn(
  { server, client, signal, traces }: Session,
  spec: CompressionSpec,
  store: Store,
  { json }: StoreFlags,
): Promise<number> {
  const say = json ? toStderr : toStdout;
  const taskQueue = await taskQueueOf(store);
  const { connection, namespace } = server;
  // A server that dies at this moment is restarted in the next.
  const isUp = async () => (await complaint(connection, namespace)) === undefined;
  const retried = <T>(work: () => Promise<T>) => onceThere(work, { isThere: isUp, signal });
  const { handle, isResumed, missingAttributes } = await retried(() =>
    startGuidebook(client, spec, { store, taskQueue }),
  );
  say(`${isResumed ? 'Continuing run' : 'Run'} ${handle.workflowId}`);
  const link = workflowLink(server, handle.workflowId);
  if (link) say(`In Temporal's UI: ${link}`);
  if (missingAttributes.length)
    say(
      `The server lacks ${missingAttributes.length} of Slimflow's search attributes; add them with \`slimflow setup\`.`,
    );
  signal.throwIfAborted();
  const dataConverter = await configuredConverter(namespace);
  const plugins = traces && [traces.plugin];
  const worker = await retried(() =>
    allInOne({ connection, namespace, dataConverter, plugins, taskQueue, store: store.where }),
  );
  try {
    const showing = showRun(client, handle.workflowId, { json, signal });
    // If the worker fails, the run would wait forever.
    const end = await Promise.race([showing, worker.ended.then(() => showing)]);
    if (end.result) {
      const written = await writeFiles(client, end.result, spec.outDir, store, signal);
      say(
        end.result.selected
          ? `Written: ${written.join(', ')}`
          : `Written: ${written.join(', ')}, with all candidates and where their models are.`,
      );
    }
    return exitStatusOf(end);
  } finally {
    await worker.stop();
  }
}
