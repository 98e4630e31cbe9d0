import { analyze } from '../jobs/analyze';
import type { AnalyzeInput, ModelSummary } from '../jobs/types';

/**
 * Options of `inspectModel`: the size of inputs that the model leaves open (`inputSize`, [N, C, H, W]), layers to leave
 * alone (`ignore`), and others that decide which layers a technique can compress. With `data`, and the `metric` that
 * its labels are for, the data's shape and labels are checked against the model.
 */
export type InspectOptions = Omit<AnalyzeInput, 'model'>;

/**
 * Lists what a model consists of: inputs and outputs, and for each layer its shapes ([C, H, W]), MACs for one sample,
 * parameters and the techniques that can compress it; what can't be compressed, and why. It reads the file alone and runs in
 * the calling thread.
 * @param model path of an ONNX file
 * @throws EngineError `InvalidModel` or `UnsupportedModel` for a file that can't be read, `InvalidSettings` for a layer or
 *   size that the model does not have, `InvalidData` for data that do not fit it
 */
export const inspectModel = (model: string, options: InspectOptions = {}): Promise<ModelSummary> =>
  analyze({ ...options, model });
