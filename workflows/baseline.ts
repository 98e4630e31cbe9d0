import { ApplicationFailure } from '@temporalio/workflow';

import { analyze, evaluate, summary } from './proxies';
import type { Run } from './run';
import type { Original } from './types';

/** Step 0: the original's MACs, parameters, compressible layers, and metric a0. */
export async function baseline(run: Run): Promise<Original> {
  const { model, data, settings } = run.input;
  run.stage('baseline');
  const [analysis, evaluation] = await Promise.all([
    analyze.executeWithOptions(summary('original', 'analyze'), [{ model, ignore: settings.ignore }]),
    evaluate.executeWithOptions(summary('original', 'evaluate'), [
      { model, data: data.evaluate, metric: settings.metric },
    ]),
  ]);
  if (!Number.isFinite(evaluation.value))
    throw ApplicationFailure.nonRetryable(
      `the original's ${settings.metric} is not a finite number, so no drop can be told from it`,
      'NotFinite',
    );
  const compressible = settings.techniques.some((technique) =>
    analysis.layers.some((layer) => layer.techniques.includes(technique)),
  );
  if (!compressible)
    throw ApplicationFailure.nonRetryable(
      `the model has no layer that ${settings.techniques.join(' or ')} can compress${analysis.notes.map((note) => `; ${note}`).join('')}`,
      'NothingToCompress',
    );
  const original: Original = { ...analysis, model, metric: evaluation.value };
  run.baseline(original);
  return original;
}
