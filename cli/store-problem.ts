import { cacheOf } from '../store/s3-store';
import { writeProblem } from './preflight';

/**
 * Says why a store can't be worked with from here, because the folder of its files on this machine can't be written: the
 * store itself, or the local copies of one on S3. Undefined if it can.
 */
export function storeProblem(store: string): string | undefined {
  if (!store.startsWith('s3://')) {
    const problem = writeProblem(store);
    return problem && `--store ${store} is not writable: ${problem}`;
  }
  const cache = cacheOf(store);
  const problem = writeProblem(cache);
  return (
    problem &&
    `the local copies of ${store} are kept in ${cache}, which is not writable: ${problem}; name a folder that is in SLIMFLOW_CACHE`
  );
}
