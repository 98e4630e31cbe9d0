import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';

import { EngineError } from '../engine/errors';
import type { InputSize, ProviderChoice } from '../engine/names';
import { openModel } from '../engine/onnx/open-model';
import { outlineOf } from '../engine/onnx/outline';
import { ProcessPool } from '../engine/pools/process-pool';
import { graphDiff } from '../report/html/data/graph-diff';
import { modelDiff } from '../report/html/data/model-diff';
import { modelDiffText } from '../report/model-diff';
import { writeAtomically } from '../store/files';
import { BadInput, exitStatus } from './exit-status';
import { onInterrupt } from './interrupt';
import { readModel, writeProblem } from './preflight';
import { toStderr, toStdout } from './temporal-session';

/** The options of `slimflow diff`. */
export interface DiffFlags {
  readonly json?: boolean;
  readonly inputSize?: InputSize;
  /** File for the graphs, before and after. */
  readonly html?: string;
  /** Times each layer. */
  readonly latency?: boolean;
  readonly latencyRuns: number;
  readonly threads?: number;
  readonly provider: ProviderChoice;
}

/** `slimflow diff`: shows what became of each layer of a model in a smaller one that was made of it. */
export async function diff(original: string, small: string, flags: DiffFlags): Promise<number> {
  const { json, inputSize, html } = flags;
  const problem = html === undefined ? undefined : writeProblem(dirname(resolve(html)));
  if (problem) throw new BadInput(`--html ${html} is not writable: ${problem}`);
  const summaries = [
    await readModel(original, { inputSize }),
    await readModel(small, { inputSize }),
  ] as const;
  const found = modelDiff(...summaries, flags.latency ? await timesOf([original, small], flags) : []);
  toStdout(json ? JSON.stringify(found, undefined, 2) : modelDiffText(found));
  if (html !== undefined) {
    // What draws is slow to load, and the terminal does without.
    const { diffPage } = await import('../report/html/page/diff-page.js');
    const [before, after] = [original, small].map((model) => outlineOf(openModel(model, { inputSize })));
    await writeAtomically(
      resolve(html),
      diffPage({ original, small }, found, graphDiff(before, after, found)),
    );
    (json ? toStderr : toStdout)(`Written: ${resolve(html)}`);
  }
  return exitStatus.done;
}

async function timesOf(
  models: readonly string[],
  { inputSize, latencyRuns, threads = Math.max(1, availableParallelism()), provider }: DiffFlags,
) {
  const pool = new ProcessPool({ slots: 1 });
  const machinery = { threads, provider, linearAlgebra: 'auto' } as const;
  try {
    return await pool.run(
      'timeLayers',
      { models, inputSize, machinery, runs: latencyRuns },
      { signal: onInterrupt() },
    );
  } catch (error) {
    if (error instanceof EngineError) throw new BadInput(error.message, { cause: error });
    throw error;
  } finally {
    await pool.close();
  }
}
