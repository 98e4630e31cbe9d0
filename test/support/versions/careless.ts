import { compress, evaluate, fineTune } from './activities';

/** A step put between the two, with no thought for runs that are past it. */
export async function shrink(model: string): Promise<number> {
  const compressed = await compress(model);
  return evaluate(await fineTune(compressed));
}
