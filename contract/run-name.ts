import { visible } from '../engine/visible';
import type { GuidebookInput, SpecInput } from './run';

/** Returns the name of a model's file, or of its address, without the extension. */
export const modelName = (path: string): string =>
  visible(
    path
      .replace(/[?#].*$/s, '')
      .replace(/^.*[\\/]/s, '')
      .replace(/\.onnx$/i, ''),
  );

/** Returns what people call the model of a run. */
export const runName = (input: GuidebookInput | SpecInput): string =>
  'spec' in input ? modelName(String(input.spec.model)) : input.name;
