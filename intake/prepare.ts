import type { DataRef } from '../contract/activities';
import type { DatasetSource } from '../engine/data/source';
import type { WatchingData } from '../engine/data/sources/pack-data';
import { EngineError } from '../engine/errors';
import { modelFiles } from '../engine/onnx/model';
import type { RunMetric } from '../run-spec/metric-schema';
import { CompressionSettings, type CompressionSpec } from '../run-spec/spec';
import type { ArtifactRef } from '../store/artifact';
import type { Store } from '../store/store';
import type { GuidebookInput } from '../contract/run';
import { modelName } from '../contract/run-name';
import { fetchSpec } from './fetch-spec';
import { type PackedSpec, packSpec } from './pack-spec';

/** Imports the module of a metric: every worker then runs the same bytes. */
async function importedMetric(
  metric: CompressionSpec['metric'],
  put: (field: string, path: string) => Promise<ArtifactRef>,
): Promise<RunMetric> {
  if (typeof metric === 'string' || !('module' in metric)) return metric;
  return { ...metric, module: await put('metric.module', metric.module) };
}

/** Imports files that belong together. @throws EngineError `InvalidData` that names the field of a file that can't be read */
async function put(store: Store, field: string, paths: readonly string[]): Promise<ArtifactRef> {
  try {
    return await store.import(...paths);
  } catch (error) {
    // Those of files are plain; a store that is full, or a bug, is something else.
    if (!(error instanceof Error) || error.name !== 'Error') throw error;
    throw new EngineError('InvalidData', `${field} ${paths[0]} can't be imported: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * Imports a spec's model and data into the store, and returns the guidebook workflow's input. Files on other machines
 * (`s3://…`, `https://…`) are fetched first, and data that are not arrays are packed.
 * @throws RemoteError that names an address that can't be fetched, EngineError that names a file that can't be read
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
  const fetched = await fetchSpec(spec, { signal: watching?.signal });
  return importSpec(await packSpec(fetched, watching), store);
}

/**
 * Imports the files of a spec, which are here and whose data are arrays.
 * @param files the model's own file, then those with its weights
 * @throws EngineError that names the field of a file that can't be read
 */
export async function importSpec(
  { model, data, metric, outDir: _outDir, ...settings }: PackedSpec,
  store: Store,
  files: readonly string[] = modelFiles(model),
): Promise<GuidebookInput> {
  const file = (field: string, path: string) => put(store, field, [path]);
  // One after the other: the splits are often in the same files, which are then read once.
  const split = async (
    name: keyof PackedSpec['data'],
    { images, labels, inputs = {}, ...rest }: DatasetSource = data[name],
  ): Promise<DataRef> => {
    const at = `data.${name}`;
    const refs: Record<string, ArtifactRef> = {};
    for (const [input, path] of Object.entries(inputs))
      refs[input] = await file(`${at}.inputs.${input}`, path);
    return {
      images: await file(`${at}.images`, images),
      ...(labels !== undefined && { labels: await file(`${at}.labels`, labels) }),
      ...(Object.keys(refs).length && { inputs: refs }),
      ...rest,
    };
  };
  return {
    name: modelName(model),
    model: await put(store, 'model', files),
    data: {
      train: await split('train'),
      evaluate: await split('evaluate'),
      test: await split('test'),
    },
    settings: CompressionSettings.parse({ ...settings, metric: await importedMetric(metric, file) }),
  };
}
