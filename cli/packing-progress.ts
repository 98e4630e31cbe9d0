import type { WatchingData } from '../engine/data/sources/pack-data';

/** Reports progress every two seconds, and at the end, if the number of images is known. */
export function packingProgress(
  say: (text: string) => unknown,
  what = 'pack',
): (done: number, total?: number) => void {
  const began = performance.now();
  let last = began;
  return (done, total) => {
    const now = performance.now();
    if (now - last < 2000 && done !== total) return;
    last = now;
    const perSecond = (1000 * done) / (now - began);
    const left =
      total !== undefined && done < total ? ` · ${Math.ceil((total - done) / perSecond)} s left` : '';
    say(`${what} ${done}${total === undefined ? '' : `/${total}`} · ${perSecond.toFixed(0)} images/s${left}`);
  };
}

/** Reports the packing of each split that is not in the cache yet. */
export function sayPacking(say: (text: string) => unknown): NonNullable<WatchingData['onProgress']> {
  const splits = new Map<string, ReturnType<typeof packingProgress>>();
  return ({ split, done, total }) => {
    const progress = splits.get(split) ?? packingProgress(say, `pack ${split}`);
    splits.set(split, progress);
    progress(done, total);
  };
}
