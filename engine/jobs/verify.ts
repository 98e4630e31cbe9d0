import { EngineError } from '../errors';
import { compareModels } from '../runtime/evaluate';
import { randomData } from '../runtime/feeds';
import type { Compressed } from './compressor';
import type { Tools } from './tools';
import type { CompressInput } from './types';

/** How far a rewritten graph's outputs may be from its equal's, relative and squared: rounding, not a mistake. */
const rounding = 1e-5;

/** A rewrite must not change what the model computes. @throws EngineError `UnsupportedModel` where it does */
export async function verify(
  { graph, equivalent }: Compressed,
  { model, method }: Pick<CompressInput, 'model' | 'method'>,
  { threads, provider }: Tools,
): Promise<void> {
  const { data } = randomData(graph, { inputShape: method.inputSize, samples: 2, seed: 1 });
  const { relativeError } = await compareModels(equivalent, graph, data, { threads, provider });
  if (relativeError <= rounding) return;
  throw new EngineError(
    'UnsupportedModel',
    `the rewritten model does not compute what it should (relative error ${relativeError.toPrecision(2)}): ` +
      `${model} holds something that Slimflow misreads, and nothing was written; please report it`,
  );
}
