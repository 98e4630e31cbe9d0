import { constants } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Activities } from '../contract/activities';
import type { Checkpointing, JobName, Jobs, Progress } from '../engine/jobs/types';
import { ignoreMissing } from '../store/files';
import type { Checkpoint } from '../store/store';
import { perform, type Performance } from './perform';
import type { Workplace } from './activity-context';

type RequestOf<Name extends keyof Activities> = Parameters<Activities[Name]>[0];
type ResultOf<Name extends keyof Activities> = Awaited<ReturnType<Activities[Name]>>;

/** Turns an activity into the job of its name, and the job's result into the activity's. */
interface JobOf<Name extends keyof Activities & JobName> {
  /** @param folder of this work alone, in which the job may write */
  readonly input: (
    at: Workplace,
    request: RequestOf<Name>,
    folder: string,
    checkpointing: Checkpointing,
  ) => Promise<Jobs[Name]['input']>;
  /** @param folder as `input` had it; gone once the result is there */
  readonly result: (
    at: Workplace,
    output: Jobs[Name]['output'],
    folder: string,
    key: string,
  ) => Promise<ResultOf<Name>>;
}

/** An activity that runs the job of its name from the last checkpoint, if there is one. */
export const checkpointedActivity =
  <Name extends keyof Activities & JobName>(name: Name, { input, result }: JobOf<Name>) =>
  (at: Workplace) =>
  (request: RequestOf<Name>): Promise<ResultOf<Name>> =>
    perform(at, name, request, (performance) =>
      at.store.scratch.use((folder) =>
        checkpointed(
          at,
          performance,
          folder,
          async (checkpointing, onProgress) =>
            performance.run(name, await input(at, request, folder, checkpointing), onProgress),
          (output) => result(at, output, folder, performance.key),
        ),
      ),
    );

/**
 * Runs work whose checkpoints go into the store under the work's own key, so that whoever retries it, in this run or a
 * later one, resumes from the last. The checkpoint is dropped once the result, made by `finish`, is stored.
 * @param folder folder of this work alone; removed afterwards
 */
export async function checkpointed<Output, Result>(
  at: Workplace,
  { key, tell, onceKept }: Pick<Performance, 'key' | 'tell' | 'onceKept'>,
  folder: string,
  work: (checkpointing: Checkpointing, onProgress: (progress: Progress) => void) => Promise<Output>,
  finish: (output: Output) => Promise<Result>,
): Promise<Result> {
  // The pointer is set before a heartbeat reports it, so it is never older than the heartbeat's details; and it is
  // stored under the engine's version, while the details may come from an engine that was replaced.
  const resume = await resumed(at, key, join(folder, 'resume'));
  let latest = resume?.ref;
  let saving: Promise<void> = Promise.resolve();
  const save = async (file: string) => {
    // The work may already have replaced the file by a newer one, which comes next.
    latest = (await at.store.setCheckpoint(key, file).catch(ignoreMissing)) ?? latest;
  };
  const onProgress = ({ done, total, note, losses, checkpoint }: Progress) => {
    const beat = () => tell({ done, total, note, losses, checkpoint: latest });
    beat();
    if (checkpoint) saving = saving.then(() => save(checkpoint)).then(beat);
    saving.catch(() => undefined);
  };
  const checkpoints = join(folder, 'checkpoints');
  await mkdir(checkpoints);
  const { checkpointSeconds } = at;
  const checkpointing = { checkpoints, checkpointSeconds, resume: resume?.path };
  const running = work(checkpointing, onProgress);
  // Both ways out wait for the checkpoint being saved, since its folder is removed afterwards.
  const result = await finish(await running.finally(() => saving));
  onceKept(() => at.store.dropCheckpoint(key));
  return result;
}

/**
 * Copies the checkpoint of work to a separate file: a worker that was believed dead may still replace the one in the
 * store, or finish and drop it, before the job reads it.
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
