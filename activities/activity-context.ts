import { ApplicationFailure } from '@temporalio/activity';
import { join } from 'node:path';

import { isDetection, type Machinery, type MetricChoice } from '../engine/names';
import type { JobRunner } from '../engine/pools/job-runner';
import { savedFiles } from '../engine/onnx/model';
import type { ArtifactRef } from '../store/artifact';
import type { Store } from '../store/store';
import type { Compute } from '../contract/activities';
import { failureTypes } from '../contract/failure-types';

export { localData } from '../intake/local-data';
export { engineVersion } from '../engine/runtime/provenance';

/** Everything that activities work with. */
export interface Workplace {
  readonly store: Store;
  readonly pool: JobRunner;
  /** Threads per job. */
  readonly threads: number;
  /** Seconds between checkpoints. */
  readonly checkpointSeconds: number;
  /** Time in ms that a job has to stop, including a checkpoint, when the worker is stopped. */
  readonly drainMs: number;
  /** Moves work too large for this worker to a separate task queue; otherwise it is tried alone here. */
  readonly overflow?: boolean;
  /** Runs the code of users' modules, such as their metrics. */
  readonly allowModules?: boolean;
  /** Folders and addresses that runs may import files from by themselves; none by default. */
  readonly importFrom?: readonly string[];
  /** Engine version that results come from: those of another are not reused. */
  readonly version: string;
}

/** Describes what a job computes with here. */
export const machineryAt = ({ threads }: Workplace, { provider, linearAlgebra }: Compute): Machinery => ({
  threads,
  provider,
  linearAlgebra,
});

/**
 * Returns a metric whose files are here.
 * @throws ApplicationFailure `InvalidSettings` if it is a user's module and this worker runs none
 */
export async function localMetric(
  { store, allowModules = false }: Workplace,
  metric: MetricChoice<ArtifactRef>,
): Promise<MetricChoice> {
  if (typeof metric === 'string' || isDetection(metric)) return metric;
  if ('fidelity' in metric) return { fidelity: await store.path(metric.fidelity) };
  if (!allowModules)
    throw ApplicationFailure.nonRetryable(
      "metric: this worker runs no code of users' modules: start it with --allow-modules, or have an activity of your own judge (metric: { activity, taskQueue, version })",
      failureTypes.InvalidSettings,
    );
  return { ...metric, module: await store.path(metric.module) };
}

/** Returns the path of the model that a job makes in its folder. */
export const modelIn = (folder: string): string => join(folder, 'model.onnx');

/** Moves a model that a job wrote into the store, with its weights' file if it has one. */
export const storeModel = (store: Store, path: string): Promise<ArtifactRef> =>
  store.putFiles(savedFiles(path), { move: true });
