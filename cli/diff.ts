import type { InputSize } from '../engine/names';
import { modelDiff } from '../report/html/data/model-diff';
import { modelDiffText } from '../report/model-diff';
import { exitStatus } from './exit-status';
import { readModel } from './preflight';
import { toStdout } from './temporal-session';

/** `slimflow diff`: shows what became of each layer of a model in a smaller one that was made of it. */
export async function diff(
  original: string,
  small: string,
  { json, inputSize }: { readonly json?: boolean; readonly inputSize?: InputSize },
): Promise<number> {
  const found = modelDiff(await readModel(original, { inputSize }), await readModel(small, { inputSize }));
  toStdout(json ? JSON.stringify(found, undefined, 2) : modelDiffText(found));
  return exitStatus.done;
}
