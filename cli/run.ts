import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { startGuidebook, taskQueueOf } from '../client/guidebook';
import { findServer, type TemporalServer, workflowLink } from '../client/server';
import { failureMessage, type LiveProgress, watch } from '../client/watch';
import { savedFiles } from '../engine/onnx/model';
import { candidatesTable } from '../report/table';
import type { Result } from '../spec/result';
import type { CompressionSpec } from '../spec/spec';
import { writeAtomically } from '../store/files';
import { openStore } from '../store/open';
import type { Store } from '../store/store';
import { allInOne } from '../workers/all-in-one';
import { BadInput, exit } from './exit';
import { live } from './live';
import { logTo } from './log';
import { preflight, writable, writtenTo } from './preflight';

const say = (line: string) => void process.stdout.write(`${line}\n`);

/** `slimflow run`: the whole guidebook on a spec, from finding a Temporal server to the files in outDir. */
export async function run(specFile: string, { state }: { state: string }): Promise<number> {
  const spec = await preflight(specFile);
  const problem = writable(state);
  if (problem) throw new BadInput(`--state ${state} can't be written to: ${problem}`);
  const detach = onInterrupt();
  logTo(join(state, 'slimflow.log'));
  const store = openStore(process.env.SLIMFLOW_STORE ?? join(state, 'store'));
  const server = await findServer(state);
  say(`Temporal: ${server.found}`);
  try {
    return await runOn(server, spec, store, detach);
  } catch (error) {
    if (!detach.aborted) throw error;
    say(`\nDetached. The run stays as it is: the same command goes on with it.`);
    return exit.detached;
  } finally {
    if (await server.release())
      say('The Temporal server was stopped; `slimflow server` starts it again, with this run in its UI.');
  }
}

/** The part of it that needs a server: a worker in this process, the workflow, and its result. */
async function runOn(
  server: TemporalServer,
  spec: CompressionSpec,
  store: Store,
  detach: AbortSignal,
): Promise<number> {
  const taskQueue = await taskQueueOf(store);
  const connection = await Connection.connect(server.connection);
  const client = new Client({ connection, namespace: server.namespace });
  try {
    const { handle, isResumed, missingAttributes } = await startGuidebook(client, spec, { store, taskQueue });
    say(`${isResumed ? 'Going on with the run' : 'Run'} ${handle.workflowId}`);
    const link = workflowLink(server, handle.workflowId);
    if (link) say(`In Temporal's UI: ${link}`);
    if (missingAttributes.length)
      say(
        `This server lacks ${missingAttributes.length} of Slimflow's search attributes; \`slimflow setup\` adds them.`,
      );
    detach.throwIfAborted();
    const worker = await allInOne({
      connection: server.connection,
      namespace: server.namespace,
      taskQueue,
      store: store.where,
    });
    const display = live(process.stdout);
    let last: LiveProgress | undefined;
    try {
      const watching = watch(client, handle, {
        signal: detach,
        onProgress: (progress) => display.update((last = progress)),
      });
      // A worker that breaks down would leave the run waiting for ever.
      const result = await Promise.race([watching, worker.ended.then(() => watching)]);
      display.end();
      return await conclude(result, last, spec, store);
    } catch (error) {
      display.end();
      if (!(error instanceof WorkflowFailedError)) throw error;
      if (last?.candidates.length) say(`\n${candidatesTable(last)}`);
      process.stderr.write(`The run failed: ${failureMessage(error)}\n`);
      return exit.failed;
    } finally {
      await worker.stop();
    }
  } finally {
    // When the run is left as it is, a call may still be waiting to be tried again on this connection.
    if (!detach.aborted) await connection.close();
  }
}

/** Writes the files, and says what came out. */
async function conclude(
  result: Result,
  progress: LiveProgress | undefined,
  spec: CompressionSpec,
  store: Store,
): Promise<number> {
  const model = join(spec.outDir, 'model.onnx');
  const selected = result.candidates.find(({ id }) => id === result.selected);
  await mkdir(spec.outDir, { recursive: true });
  // The model of an earlier run must not be taken for this one's.
  for (const file of writtenTo(spec.outDir)) await rm(file, { force: true });
  if (selected) await store.export(selected.model, model);
  await writeAtomically(join(spec.outDir, 'result.json'), `${JSON.stringify(result, undefined, 2)}\n`);

  if (progress) say(`\n${candidatesTable(progress)}`);
  result.notes.forEach((note) => say(`note: ${note}`));
  const { original, final } = result;
  if (!selected || !final) {
    say(`\nRequirement not met: ${result.unmet?.reason}.`);
    say(`${join(spec.outDir, 'result.json')} has all candidates, with where their models are.`);
    return exit.requirementNotMet;
  }
  say(`\nSelected ${selected.id} after ${Math.round(result.seconds)} s:`);
  say(`  MACs        ${original.macs} → ${selected.macs} (ratio ${final.macRatio.toFixed(3)})`);
  say(`  parameters  ${original.params} → ${selected.params} (ratio ${final.paramRatio.toFixed(3)})`);
  say(`  evaluation  ${original.metric.toFixed(2)} → ${final.metric.toFixed(2)}`);
  say(`  test        ${original.test.toFixed(2)} → ${final.test.toFixed(2)}`);
  say(`  latency     ${original.latencyMs.toFixed(2)} → ${final.latencyMs.toFixed(2)} ms`);
  say(`Written: ${savedFiles(model).join(', ')}, ${join(spec.outDir, 'result.json')}`);
  return exit.done;
}

/** Aborts at the first Ctrl-C (or SIGTERM), which lets the command wind down; the second one ends it. */
function onInterrupt(): AbortSignal {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exit.detached);
    process.stderr.write('\nStopping; once more to stop at once.\n');
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}
