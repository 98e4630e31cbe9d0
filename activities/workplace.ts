import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { DatasetSource } from '../engine/data/dataset';
import type { Machinery } from '../engine/jobs/method';
import type { JobPool } from '../engine/jobs/pool';
import { savedFiles } from '../engine/onnx/model';
import type { ArtifactRef } from '../store/artifact';
import type { Store } from '../store/store';
import type { Compute, DataRef } from './types';

/** What activities work with. */
export interface Workplace {
  readonly store: Store;
  readonly pool: Pick<JobPool, 'run'>;
  /** Threads of one job. */
  readonly threads: number;
  /** Seconds between checkpoints of a fine-tuning. */
  readonly checkpointSeconds: number;
  /** The engine that the results come from: those of another are not reused. */
  readonly version: string;
}

/** What a job computes with here. */
export const machineryAt = ({ threads }: Workplace, compute: Compute): Machinery => ({ ...compute, threads });

/** The local files of a split. */
export async function localData(
  store: Store,
  { images, labels, inputs = {}, ...rest }: DataRef,
): Promise<DatasetSource> {
  const files: Record<string, string> = {};
  for (const [name, ref] of Object.entries(inputs)) files[name] = await store.path(ref);
  return {
    ...rest,
    images: await store.path(images),
    ...(labels && { labels: await store.path(labels) }),
    ...(Object.keys(files).length && { inputs: files }),
  };
}

/** Moves a model that a job wrote into the store, with the file of its weights where it has one. */
export const storeModel = (store: Store, path: string): Promise<ArtifactRef> =>
  store.putFiles(savedFiles(path), { move: true });

/** Identifies the engine by its compiled code and by its ONNX Runtime, so that a changed one never reuses results. */
export function engineVersion(): string {
  const root = join(__dirname, '..', 'engine');
  const hash = createHash('sha256');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.js'),
  );
  for (const name of files.sort()) hash.update(name).update(readFileSync(join(root, name)));
  const runtime = readFileSync(require.resolve('onnxruntime-node/package.json'), 'utf8');
  hash.update((JSON.parse(runtime) as { version: string }).version);
  return hash.digest('hex').slice(0, 16);
}
