import { executeChild, workflowInfo } from '@temporalio/workflow';

import type { Analysis, CompressedModel, FineTunedModel } from '../contract/activities';
import { checkInput } from '../contract/inputs';
import { askedMetric, scoringMetric } from '../contract/metric';
import type { GuidebookInput, SpecInput } from '../contract/run';
import { analysisOf, methodOf } from '../contract/techniques';
import { metricWords, type Technique, techniqueTraits } from '../engine/names';
import type { Evaluation, Latency } from '../engine/jobs/types';
import type { ArtifactRef } from '../store/artifact';
import { imports } from './import-first';
import { judge } from './judge';
import { timingOf } from './measure';
import { analyze, compress, latency, summary } from './proxies';
import { scoringLimits } from './score-all-layers';
import { scoreModel } from './score-model';
import { tune } from './tune';

/** Request for the eval scores of a model's layers. */
export interface ScoreStep {
  readonly technique: Technique;
  /** The analysis of the model. */
  readonly analysis: Pick<Analysis, 'parts' | 'layers' | 'block'>;
  /** The original by default. */
  readonly model?: ArtifactRef;
}

/** Request for a compressed model. */
export interface CompressStep {
  readonly technique: Technique;
  /** Cost of the result relative to the model, above 0 and below 1. */
  readonly target: number;
  /** Scores of the same model for the same technique. */
  readonly scores: ArtifactRef;
  /** The original by default. */
  readonly model?: ArtifactRef;
  /** Channels that a CPU computes at once, from the analysis. */
  readonly block?: number;
}

const nameOf = ({ sha256 }: ArtifactRef) => sha256.slice(0, 12);

/**
 * Single steps of the guidebook for workflows of a user's own: durable, retried and kept like those of a run. Each takes
 * what `prepare` gave, whose settings and data it uses; what a step returns is what the next one takes.
 *
 * Like everything in this module, it is for workflow code alone.
 *
 * @throws ApplicationFailure `InvalidRequest` if the input is not what `prepare` gives; ActivityFailure as in a run
 * @example
 * ```ts
 * import { proxyActivities } from '@temporalio/workflow';
 * import { type GuidebookInput, steps } from 'slimflow/workflow';
 *
 * export * from 'slimflow/workflow';
 *
 * const { publish } = proxyActivities<{ publish(sha256: string): Promise<void> }>({ startToCloseTimeout: '1 minute' });
 *
 * // Half the MACs by spatial SVD, published if it costs less than a point.
 * export async function nightlySmall(input: GuidebookInput): Promise<number> {
 *   const analysis = await steps.analyze(input);
 *   const scores = await steps.score(input, { technique: 'spatial-svd', analysis });
 *   const { model } = await steps.compress(input, { technique: 'spatial-svd', target: 0.5, scores });
 *   const tuned = await steps.fineTune(input, model);
 *   const [before, after] = [await steps.evaluate(input, input.model), await steps.evaluate(input, tuned.model)];
 *   if (before.value - after.value < 1) await publish(tuned.model.sha256);
 *   return after.value;
 * }
 * ```
 */
export const steps = {
  /** Imports the files that a spec names, as they are now, and returns the input that the other steps take. */
  async import(input: SpecInput): Promise<GuidebookInput> {
    checkInput('guidebook', input);
    return imports(input);
  },

  /** Counts a model's MACs and parameters, and lists what each technique can compress; the original by default. */
  async analyze(input: GuidebookInput, model: ArtifactRef = input.model): Promise<Analysis> {
    checkInput('guidebook', input);
    return analyze.executeWithOptions(summary(`Find what can be compressed in ${nameOf(model)}`), [
      { model, ...analysisOf(input.settings) },
    ]);
  },

  /** Scores every layer of a model at the ratios of `settings.candidates`, in a child workflow. */
  async score(
    input: GuidebookInput,
    { technique, analysis, model = input.model }: ScoreStep,
  ): Promise<ArtifactRef> {
    checkInput('guidebook', input);
    const { settings, data } = input;
    const { candidates, scoring, reconstruction, metric, compute } = settings;
    return executeChild(scoreModel, {
      workflowId: `${workflowInfo().workflowId}/scores/${nameOf(model)}/${technique}`,
      workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
      args: [
        {
          of: nameOf(model),
          technique,
          parts: analysis.parts,
          total: analysis.layers[technique],
          limits: scoringLimits,
          request: {
            model,
            method: methodOf(settings, technique, analysis.block),
            candidates,
            samples: scoring.samples,
            reconstruction,
            metric: scoringMetric(metric, input.model),
            evaluate: data.evaluate,
            train: data.train,
            compute,
          },
        },
      ],
    });
  },

  /** Compresses a model to a target. */
  async compress(
    input: GuidebookInput,
    { technique, target, scores, model = input.model, block }: CompressStep,
  ): Promise<CompressedModel> {
    checkInput('guidebook', input);
    const { settings, data } = input;
    const { selection, reconstruction, compute } = settings;
    return compress.executeWithOptions(
      summary(`Compress ${nameOf(model)} to ${target} by ${techniqueTraits[technique].words}`),
      [
        {
          model,
          method: methodOf(settings, technique, block),
          selection,
          target,
          scores,
          reconstruction,
          compute,
          train: data.train,
        },
      ],
    );
  },

  /** Trains a model as `settings.fineTune` says; the original teaches it if that asks for distillation. */
  async fineTune(input: GuidebookInput, model: ArtifactRef): Promise<FineTunedModel> {
    checkInput('guidebook', input);
    const { perLayer: _perLayer, by, ...settings } = input.settings.fineTune;
    const taught = (settings.distillation ?? by) && { teacher: input.model };
    return tune(summary(`Fine-tune ${nameOf(model)}`), {
      model,
      data: input.data.train,
      settings,
      compute: input.settings.compute,
      ...taught,
      by,
    });
  },

  /** Computes the metric of a model on a split, in points. */
  async evaluate(
    input: GuidebookInput,
    model: ArtifactRef,
    split: keyof GuidebookInput['data'] = 'evaluate',
  ): Promise<Evaluation> {
    checkInput('guidebook', input);
    const { metric, compute } = input.settings;
    return judge(summary(`Evaluate ${nameOf(model)} by ${metricWords(metric)} on the ${split} split`), {
      model,
      data: input.data[split],
      metric: askedMetric(metric, input.model),
      compute,
    });
  },

  /** Times models in turn, in ms of a batch; speeds are relative to the first. */
  async latency(input: GuidebookInput, models: readonly ArtifactRef[]): Promise<Latency> {
    checkInput('guidebook', input);
    const { latency: timing, inputSize, compute } = input.settings;
    return latency.executeWithOptions(summary(`Time ${models.length} models in turn`), [
      { models, inputSize, ...timingOf(timing, compute) },
    ]);
  },
} as const;
