import type { DatasetSource } from '../engine/data/source';
import { packData, type WatchingData } from '../engine/data/sources/pack-data';
import { imagesWords } from '../engine/data/sources/user-data';
import { EngineError } from '../engine/errors';
import { type CompressionSpec, splitsThatNeedLabels } from '../run-spec/spec';

/** A spec whose data are arrays. */
export type PackedSpec = Omit<CompressionSpec, 'data'> & {
  readonly data: Readonly<Record<keyof CompressionSpec['data'], DatasetSource>>;
};

/**
 * Turns a spec's data into arrays, from the cache if they were packed before.
 * @throws EngineError `InvalidData` that names the file and the fix, also for data that turn out to have no labels though
 * the run needs them
 */
export async function packSpec(spec: CompressionSpec, watching?: WatchingData): Promise<PackedSpec> {
  const packed = { ...spec, data: await packData(spec.data, watching) };
  refuseUnlabelled(spec, packed);
  return packed;
}

/**
 * Checks that packed data have labels if the run needs them.
 * @throws EngineError `InvalidData` that names the split, why it needs labels, and the fix
 */
export function refuseUnlabelled(spec: CompressionSpec, { data }: Pick<PackedSpec, 'data'>): void {
  for (const { split, why } of splitsThatNeedLabels(spec))
    if (data[split].labels === undefined)
      throw new EngineError(
        'InvalidData',
        `data.${split}.images, ${imagesWords(spec.data[split].images)}, has no labels, and ${why}: put images in one folder per class, or set data.${split}.labels`,
      );
}
