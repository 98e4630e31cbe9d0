import { patched } from '@temporalio/workflow';

import { compress, evaluate, fineTune } from './activities';

/** The same step for runs that come to it from now on; those that are past it end as they began. */
export async function shrink(model: string): Promise<number> {
  const compressed = await compress(model);
  const last = patched('fine-tune-before-evaluate') ? await fineTune(compressed) : compressed;
  return evaluate(last);
}
