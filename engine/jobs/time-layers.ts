import { openModel } from '../onnx/open-model';
import { layerTimes } from '../runtime/layer-times';
import type { JobContext } from './job-context';
import type { TimeLayersInput, LayerTimes } from './types';

/** Job: times the layers of models, one model after the other. */
export async function timeLayers(
  { models, inputSize, runs, machinery: { threads, provider } }: TimeLayersInput,
  context: JobContext,
): Promise<LayerTimes[]> {
  const times: LayerTimes[] = [];
  for (const [at, model] of models.entries()) {
    context.checkStop();
    context.report({ done: at, total: models.length, note: `model ${at + 1}/${models.length}` });
    const graph = openModel(model, { inputSize });
    times.push(await layerTimes(graph, { threads, provider, runs, inputShape: inputSize }));
  }
  return times;
}
