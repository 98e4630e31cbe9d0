import { compress, evaluate } from './activities';

/** The workflow of the worked example as it is when runs of it begin: compress, then evaluate. */
export async function shrink(model: string): Promise<number> {
  const compressed = await compress(model);
  return evaluate(compressed);
}
