import { tmpdir } from 'node:os';

import { EngineError } from '../../errors';
import type { Graph } from '../../onnx/graph';
import { serializeModel, weightBytes } from '../../onnx/model';
import { failedNodeIn, isShortage, plainReason } from '../plain-reason';
import { temporaryModel } from '../temporary-model';
import { GuardProcess, type Outcome, type RunLimits } from './guard-process';
import type { DrawnRun, GuardedResults, GuardedTask } from './guarded-task';

/** Environment variables that replace the limits of a run. */
export const limitVariables = { seconds: 'SLIMFLOW_RUN_SECONDS', gigabytes: 'SLIMFLOW_RUN_GB' };

const GB = 1e9;
/** Bytes of weights up to which a model is sent as a message. */
const mostSent = 2 ** 26;

/**
 * Returns the limits of a run of a model, which grow with its file and not with numbers in it: 3 s of processor time and
 * 1 s for each MB of weights; 1.5 GB and six times the weights. The environment may replace them.
 */
export function runLimits(graph: Graph): RunLimits {
  const weights = weightBytes(graph);
  const given = (name: string) => {
    const value = Number(process.env[name]);
    return value > 0 ? value : undefined;
  };
  // In steps of a quarter, so that one process serves many models.
  const steps = Math.floor((6 * weights) / (GB / 4)) / 4;
  return {
    seconds: given(limitVariables.seconds) ?? 3 + Math.floor(weights / 1e6),
    bytes: GB * (given(limitVariables.gigabytes) ?? 1.5 + steps),
  };
}

/** A run that took more than its limits; another would as well. */
export class RunEnded extends EngineError {}

let current: GuardProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

/** Runs a task in the process that ran the last one, or in a new one. */
export function inGuard(task: GuardedTask, limits: RunLimits): Promise<Outcome> {
  const turn = last.then(async () => {
    if (!current?.serves(limits)) {
      current?.end();
      current = new GuardProcess(limits);
    }
    return current.run(task);
  });
  last = turn.catch(() => undefined);
  return turn;
}

/**
 * Runs a model of a user's in a process of its own, one thread, with limits of processor time and memory that the
 * operating system enforces (on Linux and macOS): an endless loop, or a tensor of a size that the file made up, ends
 * that process alone.
 * @param runs inputs of each run, drawn in that process
 * @returns the outputs of each run
 * @throws EngineError `UnsupportedModel` if ONNX Runtime can't run the model within the limits; it names the node
 */
export async function guardedRun(
  graph: Graph,
  runs: readonly DrawnRun[],
  limits: RunLimits = runLimits(graph),
): Promise<GuardedResults> {
  const file = weightBytes(graph) > mostSent ? temporaryModel(graph, tmpdir()) : undefined;
  try {
    const model = file?.path ?? serializeModel(graph);
    const outcome = await inGuard({ model, runs }, limits);
    if ('results' in outcome) return outcome.results;
    const isNamed = 'failed' in outcome && failedNodeIn(outcome.failed) !== undefined;
    const at = isNamed ? undefined : await nodeAtFault(model, runs, limits);
    const Kind = 'ended' in outcome ? RunEnded : EngineError;
    throw new Kind('UnsupportedModel', sentence(outcome, limits, at));
  } finally {
    file?.remove();
  }
}

/** Finds the node at which a run ends, by running one after another; undefined if each alone runs. */
async function nodeAtFault(
  model: GuardedTask['model'],
  runs: readonly DrawnRun[],
  limits: RunLimits,
): Promise<string | undefined> {
  const outcome = await inGuard({ model, runs, byNode: true }, limits);
  return 'results' in outcome ? undefined : outcome.at;
}

function sentence(outcome: Exclude<Outcome, { results: unknown }>, limits: RunLimits, node?: string): string {
  const { seconds, gigabytes } = limitVariables;
  const failed = 'failed' in outcome ? outcome.failed : undefined;
  const ended = 'ended' in outcome ? outcome.ended : undefined;
  const at = node ?? (failed && failedNodeIn(failed)) ?? 'the model';
  if (ended === 'memory' || (failed !== undefined && isShortage(failed)))
    return `${at} takes more than ${(limits.bytes / GB).toFixed(1)} GB of memory (${gigabytes} sets another limit)`;
  if (failed !== undefined) return `${at} can't be run: ${plainReason(failed)}`;
  if (ended === 'time') return `${at} takes longer than ${limits.seconds} s (${seconds} sets another limit)`;
  return `${at} ends ONNX Runtime's process`;
}
