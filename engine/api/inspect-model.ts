import { analyze } from '../jobs/analyze';
import { packData } from '../data/sources/pack-data';
import type { UserData } from '../data/sources/user-data';
import type { MetricChoice } from '../names';
import type { ModelSummary, Rehearsal } from '../jobs/types';
import type { Method } from '../names';

/**
 * Options of `inspectModel`: the size of inputs that the model leaves open (`inputSize`, [N, C, H, W]), layers to leave
 * alone (`ignore`), and others that decide which layers a technique can compress.
 */
export interface InspectOptions extends Partial<Omit<Method, 'technique'>> {
  /** Data sets whose shape and labels are checked against the model. */
  readonly data?: readonly UserData[];
  /** Data whose images size what the model leaves open, if `inputSize` does not; the first of `data` by default. */
  readonly images?: UserData;
  /** Metric that the data's labels are for; top1 by default. */
  readonly metric?: MetricChoice;
  /** A label that training ignores, though it is not a class. */
  readonly ignoreLabel?: number;
  /** Work to be tried on two samples, on data that are arrays; its findings are errors and `notes`. */
  readonly rehearsal?: Rehearsal;
}

/**
 * Lists what a model consists of: inputs and outputs, and for each layer its shapes ([C, H, W]), MACs for one sample,
 * parameters and the techniques that can compress it; what can't be compressed, and why. It reads the file alone and runs in
 * the calling thread.
 * @param model path of an ONNX file
 * @throws EngineError `InvalidModel` or `UnsupportedModel` for a file that can't be read, `InvalidSettings` for a layer or
 *   size that the model does not have, `InvalidData` for data that do not fit it
 * @example
 * ```ts
 * import { inspectModel } from 'slimflow/engine';
 *
 * const { macs, params, layers } = await inspectModel('model.onnx');
 * console.log(macs, params, layers.map(({ name, kind, techniques }) => `${name} (${kind}): ${techniques.join(', ')}`));
 * ```
 */
export async function inspectModel(model: string, options: InspectOptions = {}): Promise<ModelSummary> {
  const { data, images, ...rest } = options;
  const { images: sized, ...splits } = await packData({
    ...Object.fromEntries((data ?? []).entries()),
    images,
  });
  return analyze({
    ...rest,
    ...(data && { data: Object.values(splits) }),
    ...(sized && { images: sized }),
    model,
  });
}
