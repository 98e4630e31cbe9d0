import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Dataset } from '../data/dataset';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import type { ProviderChoice } from '../names';
import type { TrainingSettings } from './settings';
import { fixedBatchOf } from './fixed-batch';
import { train } from './trainer';

/** A training to be tried. */
export interface RehearsedTraining {
  readonly settings: TrainingSettings;
  readonly teacher?: Graph;
  readonly threads: number;
  readonly provider?: ProviderChoice;
  /** Names of the files in messages. */
  readonly sources: { readonly images: string; readonly labels?: string };
}

/**
 * Tries a training by one step on two samples: loss, gradients, teacher and optimizer are built and run, and all labels
 * are checked. Changes nothing.
 * @throws EngineError as `train` does, except `Diverged`: two samples say nothing about that
 */
export async function rehearseTraining(
  graph: Graph,
  data: Dataset,
  { settings, ...how }: RehearsedTraining,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'slimflow-rehearsal-'));
  try {
    const count = fixedBatchOf(data, settings, graph, how.teacher) ?? 2;
    await train(graph, data.length > count ? data.drawn(count, settings.seed) : data, {
      ...how,
      settings: { ...settings, epochs: 1, batch: count, microBatch: undefined, stepsPerCall: 1 },
      checked: data,
      checkpoints: folder,
      checkpointSeconds: Infinity,
      monitor: { report: () => undefined, checkStop: () => undefined },
    });
  } catch (error) {
    if (!(error instanceof EngineError) || error.code !== 'Diverged') throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
