import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { perform } from './perform';
import type { Activities, FineTunedModel } from './types';
import { localData, type Workplace } from './workplace';

/**
 * A model trained further. Every checkpoint goes into the store under the key of this very training, so that whoever
 * tries it again, in this run or a later one, goes on from the last.
 */
export const fineTune =
  (at: Workplace): Activities['fineTune'] =>
  (request) =>
    perform(at, 'fineTune', request, ({ key, run, tell }) =>
      at.store.scratch.use(async (folder): Promise<FineTunedModel> => {
        // The pointer is set before a heartbeat tells of it, so it is never behind the heartbeat's details; and it stands
        // under the engine's version, while details may come from an engine that was replaced.
        const resume = await at.store.checkpoint(key);
        const checkpoints = join(folder, 'checkpoints');
        await mkdir(checkpoints);
        const out = join(folder, 'model.onnx');
        let latest = resume;
        let saving: Promise<void> = Promise.resolve();
        const save = async (file: string) => {
          // The trainer may have replaced the file by a newer one already, which comes next.
          const ref = await at.store.putFile(file).catch(ignoreMissing);
          if (!ref) return;
          await at.store.setCheckpoint(key, ref);
          latest = ref;
        };
        const tuned = run(
          'fineTune',
          {
            model: await at.store.path(request.model),
            data: await localData(at.store, request.data),
            settings: request.settings,
            evaluate: request.evaluate && {
              data: await localData(at.store, request.evaluate.data),
              metric: request.evaluate.metric,
            },
            threads: at.threads,
            checkpoints,
            checkpointSeconds: at.checkpointSeconds,
            resume: resume && (await at.store.path(resume)),
            out,
          },
          ({ done, total, note, checkpoint }) => {
            const beat = () => tell({ done, total, note, checkpoint: latest });
            beat();
            if (checkpoint) saving = saving.then(() => save(checkpoint)).then(beat);
            saving.catch(() => undefined);
          },
        );
        // Both ways out wait for the checkpoint being saved: the folder goes away behind them.
        const result = await tuned.finally(() => saving);
        const model = await at.store.putFile(out, { move: true });
        await at.store.dropCheckpoint(key);
        return { ...result, model };
      }),
    );

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
