import { parentPort, workerData } from 'node:worker_threads';

import { Dataset } from '../../data/dataset';
import { EngineError } from '../../errors';
import { batchMaker, type PipelineReply, type PipelineTask } from './pipeline';

/** A thread of the input pipeline: makes the batches of the steps that it is sent, and transfers their arrays. */
const { source, settings } = workerData as PipelineTask;
const make = batchMaker(Dataset.open(source), settings);
const reply = (message: PipelineReply, handed: ArrayBuffer[] = []) =>
  parentPort!.postMessage(message, handed);

parentPort!.on('message', (step: number) => {
  try {
    const batch = make(step);
    reply({ step, batch }, [batch.images.buffer as ArrayBuffer, batch.labels.buffer as ArrayBuffer]);
  } catch (error) {
    const code = error instanceof EngineError ? error.code : undefined;
    reply({ step, failed: { code, message: (error as Error).message } });
  }
});
