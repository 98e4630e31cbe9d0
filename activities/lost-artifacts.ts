import { ApplicationFailure } from '@temporalio/activity';

import { failureTypes } from '../contract/failure-types';
import { type ArtifactRef, artifactsIn } from '../store/artifact';
import { ArtifactError, storeError } from '../store/store-errors';
import type { Store } from '../store/store';
import type { Lost } from '../contract/activities';

/**
 * Turns an error of the store into the failure that the workflow needs; any other error is passed on. Lost artifacts are
 * named with the work that regenerates them; a user's file can only be imported again. A store that can't be used for now
 * is worth a retry.
 */
export async function storeFailure(store: Store, error: unknown): Promise<unknown> {
  if (error instanceof ArtifactError) return lostFailure(store, error);
  return storeError(error, `the store at ${store.where}`, store.where);
}

async function lostFailure(store: Store, error: ArtifactError): Promise<ApplicationFailure> {
  const lost: Lost[] = [];
  const theirs: string[] = [];
  for (const ref of error.artifacts as readonly ArtifactRef[]) {
    const work = ref.work === undefined ? undefined : await store.work(ref.work);
    // The newest result may have other bytes, where another kind of machine made it: then this one is gone for good.
    const now = artifactsIn(ref.work && (await store.resultNames(ref.work)));
    if (!work || !now.some(({ sha256 }) => sha256 === ref.sha256))
      theirs.push(String(ref.sha256).slice(0, 12));
    else if (!lost.some((one) => one.key === ref.work)) lost.push({ key: ref.work!, ...work });
  }
  const isHopeless = theirs.length > 0;
  return ApplicationFailure.create({
    type: failureTypes[error.code],
    message: isHopeless
      ? `${error.message}. It can't be computed again (${theirs.join(', ')}): start the run again from the original files, which imports them again; finished work is not repeated`
      : `${error.message}; it is regenerated`,
    nonRetryable: true,
    details: isHopeless ? [] : [lost],
    cause: error,
  });
}
