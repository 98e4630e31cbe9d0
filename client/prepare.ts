import { basename } from 'node:path';

import type { DataRef } from '../contract/activities';
import type { DatasetSource } from '../engine/data/source';
import type { WatchingData } from '../engine/data/sources/pack-data';
import { modelFiles } from '../engine/onnx/model';
import type { RunMetric } from '../run-spec/metric-schema';
import { CompressionSettings, type CompressionSpec } from '../run-spec/spec';
import type { ArtifactRef } from '../store/artifact';
import type { Store } from '../store/store';
import type { GuidebookInput } from '../contract/run';
import { visible } from '../engine/visible';
import { packSpec } from './pack-spec';

/** Imports the module of a metric: every worker then runs the same bytes. */
async function imported(metric: CompressionSpec['metric'], store: Store): Promise<RunMetric> {
  if (typeof metric === 'string' || !('module' in metric)) return metric;
  return { ...metric, module: await store.import(metric.module) };
}

/**
 * Imports a spec's model and data into the store, data that are not arrays after packing them, and returns the guidebook workflow's input.
 *
 * @example
 * ```ts
 * import { loadSpec, openStore, prepare } from 'slimflow';
 * import { guidebook } from 'slimflow/workflow';
 *
 * const input = await prepare(loadSpec('job.yaml'), openStore('store'));
 * await client.workflow.start(guidebook, {
 *   args: [{ ...input, settings: { ...input.settings, target: 0.7 } }],
 *   workflowId: 'nightly',
 *   taskQueue: 'compression',
 * });
 * ```
 */
export async function prepare(
  spec: CompressionSpec,
  store: Store,
  watching?: WatchingData,
): Promise<GuidebookInput> {
  const { model, data, metric, outDir: _outDir, ...settings } = await packSpec(spec, watching);
  // One after the other: the splits are often in the same files, which are then read once.
  const split = async ({ images, labels, inputs = {}, ...rest }: DatasetSource): Promise<DataRef> => {
    const refs: Record<string, ArtifactRef> = {};
    for (const [name, path] of Object.entries(inputs)) refs[name] = await store.import(path);
    return {
      images: await store.import(images),
      ...(labels !== undefined && { labels: await store.import(labels) }),
      ...(Object.keys(refs).length && { inputs: refs }),
      ...rest,
    };
  };
  return {
    name: visible(basename(model).replace(/\.onnx$/i, '')),
    model: await store.import(...modelFiles(model)),
    data: {
      train: await split(data.train),
      evaluate: await split(data.evaluate),
      test: await split(data.test),
    },
    settings: CompressionSettings.parse({ ...settings, metric: await imported(metric, store) }),
  };
}
