import type { DatasetSource } from '../engine/data/source';
import type { Store } from '../store/store';
import type { DataRef } from '../contract/activities';

/** Returns the local files of a split. */
export async function localData(store: Pick<Store, 'path'>, data: DataRef): Promise<DatasetSource> {
  const { images, labels, inputs = {}, range, normalize, layout, unknown } = data;
  const files: [name: string, path: string][] = [];
  for (const [name, ref] of Object.entries(inputs)) files.push([name, await store.path(ref)]);
  return {
    images: await store.path(images),
    ...(labels && { labels: await store.path(labels) }),
    ...(files.length && { inputs: Object.fromEntries(files) }),
    ...(range && { range }),
    ...(normalize && { normalize }),
    ...(layout && { layout }),
    ...(unknown !== undefined && { unknown }),
  };
}
