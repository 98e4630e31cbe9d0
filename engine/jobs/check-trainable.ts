import { EngineError } from '../errors';
import { weightLimit } from '../onnx/model';

/**
 * Checks that a model is small enough to be trained: training keeps parameters, momenta and their next values in memory
 * as vectors of one graph, which is limited like ONNX files.
 * @param bytes of its weights
 * @throws EngineError `UnsupportedModel` if it is too large
 */
export function checkTrainable(model: string, bytes: number): void {
  if (bytes > weightLimit)
    throw new EngineError(
      'UnsupportedModel',
      `model ${model} has ${bytes} bytes of weights, and training takes models below 2 GB: bring it below that by ` +
        '`slimflow compress` without fine-tuning first (in a spec, set fineTune.epochs to 0 and remove fineTune.perLayer)',
    );
}
