import { ApplicationFailure } from '@temporalio/workflow';

import { failureTypes } from '../contract/failure-types';
import { analysisOf } from '../contract/techniques';
import { rehearsalOf } from '../contract/rehearsal';
import { askedMetric, computedMetric, isActivityMetric } from '../contract/metric';
import { metricWords } from '../engine/names';
import { judge } from './judge';
import { analyze } from './proxies';
import type { Run } from './run-state';
import { sentences } from './activity-labels';
import { both } from './all-settled';
import type { Original } from '../contract/run';

/** Step 0: the original's MACs, parameters, compressible layers, and metric a0. */
export async function baseline(run: Run): Promise<Original> {
  const { model, data, settings } = run.input;
  const { metric, compute } = settings;
  const words = metricWords(metric);
  const own = isActivityMetric(metric) ? undefined : computedMetric(metric, model);
  run.stage('baseline');
  const [analysis, evaluation] = await both(
    analyze.executeWithOptions(sentences.analyze('original'), [
      { model, ...analysisOf(settings), rehearsal: rehearsalOf(settings, data, model, own) },
    ]),
    judge(sentences.evaluate('original', words, 'as it came'), {
      model,
      data: data.evaluate,
      metric: askedMetric(metric, model),
      compute,
    }),
  );
  if (!Number.isFinite(evaluation.value))
    throw ApplicationFailure.nonRetryable(
      `the original's ${words} is not a finite number, so no drop can be told from it`,
      failureTypes.NotFinite,
    );
  const compressible = settings.techniques.some((technique) => analysis.layers[technique] > 0);
  if (!compressible)
    throw ApplicationFailure.nonRetryable(
      `the model has no layer that ${settings.techniques.join(' or ')} can compress${analysis.notes.map((note) => `; ${note}`).join('')}`,
      failureTypes.NothingToCompress,
    );
  const { value, standardError, details } = evaluation;
  const original: Original = { ...analysis, model, metric: value, standardError, details };
  run.baseline(original);
  return original;
}
