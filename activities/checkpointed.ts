import { constants } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Checkpointing, Progress } from '../engine/jobs/types';
import type { Checkpoint } from '../store/store';
import type { Performance } from './perform';
import type { Workplace } from './activity-context';

/**
 * Does work whose every checkpoint goes into the store under the key of this very work, so that whoever tries it again,
 * in this run or a later one, goes on from the last. It is forgotten once the result is kept, and what came of it by `finish`.
 * @param folder of the work alone; gone when it is over
 */
export async function checkpointed<Output, Result>(
  at: Workplace,
  { key, tell, onceKept }: Pick<Performance, 'key' | 'tell' | 'onceKept'>,
  folder: string,
  work: (checkpointing: Checkpointing, onProgress: (progress: Progress) => void) => Promise<Output>,
  finish: (output: Output) => Promise<Result>,
): Promise<Result> {
  // The pointer is set before a heartbeat tells of it, so it is never behind the heartbeat's details; and it stands
  // under the engine's version, while details may come from an engine that was replaced.
  const resume = await resumed(at, key, join(folder, 'resume'));
  let latest = resume?.ref;
  let saving: Promise<void> = Promise.resolve();
  const save = async (file: string) => {
    // The work may have replaced the file by a newer one already, which comes next.
    latest = (await at.store.setCheckpoint(key, file).catch(ignoreMissing)) ?? latest;
  };
  const onProgress = ({ done, total, note, checkpoint }: Progress) => {
    const beat = () => tell({ done, total, note, checkpoint: latest });
    beat();
    if (checkpoint) saving = saving.then(() => save(checkpoint)).then(beat);
    saving.catch(() => undefined);
  };
  const checkpoints = join(folder, 'checkpoints');
  await mkdir(checkpoints);
  const { checkpointSeconds } = at;
  const checkpointing = { checkpoints, checkpointSeconds, resume: resume?.path };
  const running = work(checkpointing, onProgress);
  // Both ways out wait for the checkpoint being saved: the folder that it lies in goes away behind them.
  const result = await finish(await running.finally(() => saving));
  onceKept(() => at.store.dropCheckpoint(key));
  return result;
}

/**
 * The checkpoint of work, as a file of its own: a worker that was thought dead may still replace the one in the store, or
 * finish and drop it, between now and the moment in which the job reads it.
 */
async function resumed({ store }: Workplace, key: string, path: string): Promise<Checkpoint | undefined> {
  for (;;) {
    const found = await store.checkpoint(key);
    if (!found) return undefined;
    try {
      await copyFile(found.path, path, constants.COPYFILE_FICLONE);
      return { ref: found.ref, path };
    } catch (error) {
      ignoreMissing(error as NodeJS.ErrnoException);
    }
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
