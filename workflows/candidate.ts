import { ActivityFailure, isCancellation, setCurrentDetails } from '@temporalio/workflow';

import { costNames, metricWords, techniqueTraits } from '../engine/names';
import { candidateMarkdown, madeBy, plain } from './progress-markdown';
import { cancellationOf } from './cancelled';
import { checkInput } from '../contract/inputs';
import { hearPauses } from './pause';
import { isActivityMetric } from '../contract/metric';
import { judge } from './judge';
import { compress } from './proxies';
import { tune } from './tune';
import { reasonOf } from '../contract/failure-reason';
import { sentences } from './activity-labels';
import type { CandidateInput, CandidateOutcome } from '../contract/run';
import { upsert } from './upsert-attributes';

/**
 * Makes one candidate: compress, fine-tune, evaluate before and after. A candidate that can't be made is a result like
 * another; the guidebook goes on without it.
 */
export async function candidate(input: CandidateInput): Promise<CandidateOutcome> {
  checkInput('candidate', input);
  const { plan, model, teacher, scores, method, data, settings, audit } = input;
  hearPauses();
  const { metric, reconstruction, selection, compute } = settings;
  const words = metricWords(metric);
  const { perLayer, by, ...tuning } = settings.fineTune;
  const fineTuneEach = perLayer.epochs ? { ...tuning, epochs: perLayer.epochs } : undefined;
  const aim = `${techniqueTraits[plan.technique].words} of ${plan.parent ?? 'the original'} to ${plan.asked} of its ${costNames[method.cost]}${fineTuneEach ? ', fine-tuned layer by layer' : ''}`;
  const facts: string[] = [];
  const say = (...more: string[]) => {
    facts.push(...more);
    setCurrentDetails(candidateMarkdown(plan.id, aim, facts));
  };
  const fail = (reason: string): CandidateOutcome => {
    say(`**Failed**: ${plain(reason)}`);
    upsert({ outcome: 'failed' }, audit?.searchAttributes);
    return { status: 'failed', reason };
  };
  const judged = (model: CandidateInput['model'], when: 'as compressed' | 'after fine-tuning') =>
    judge(sentences.evaluate(plan.id, words, when), { model, data: data.evaluate, metric, compute });
  try {
    say();
    const compressed = await compress.executeWithOptions(
      sentences.compress(plan, method.cost, fineTuneEach !== undefined),
      [
        {
          model,
          method,
          selection,
          scores,
          reconstruction,
          compute,
          fineTuneEach,
          target: plan.asked,
          train: data.train,
          ...(fineTuneEach && { teacher }),
        },
      ],
    );
    const {
      achieved: ratioToParent,
      macs,
      params,
      multiplicity,
      shortfall,
      notes,
      computedBy,
      provenance,
    } = compressed;
    say(
      `Compressed: ratio ${ratioToParent.toFixed(3)}, ${macs} MACs, ${params} parameters${shortfall ? `; ${plain(shortfall)}` : ''}`,
      `Compressed by ${madeBy(provenance)}, ${computedBy.linearAlgebra}`,
    );
    const before = await judged(compressed.model, 'as compressed');
    const metricBefore = before.value;
    say(`${words} ${metricBefore.toFixed(2)} as compressed`);
    const judging = !isActivityMetric(metric) &&
      (tuning.earlyStopping ?? tuning.keepBest) && {
        evaluate: { data: data.evaluate, metric },
      };
    const tuned =
      by || tuning.epochs
        ? await tune(
            by ? sentences.trainElsewhere(plan.id, by) : sentences.fineTune(plan.id, tuning.epochs),
            {
              model: compressed.model,
              data: data.train,
              settings: tuning,
              compute,
              ...(judging || {}),
              teacher,
              by,
            },
          )
        : undefined;
    const {
      value: metricAfter,
      standardError,
      details,
    } = tuned ? await judged(tuned.model, 'after fine-tuning') : before;
    if (tuned)
      say(
        `${words} ${metricAfter.toFixed(2)} after fine-tuning for ${tuned.steps} steps`,
        `Fine-tuned by ${madeBy(tuned.provenance)}`,
      );
    if (![metricBefore, metricAfter].every(Number.isFinite))
      return fail(`its ${words} is not a finite number`);
    const parentRatio = audit?.parentRatio ?? 1;
    upsert(
      { outcome: 'done', ratio: parentRatio * ratioToParent, metric: metricAfter },
      audit?.searchAttributes,
    );
    return {
      status: 'done',
      made: {
        model: (tuned ?? compressed).model,
        ratio: ratioToParent,
        macs,
        params: tuned?.params ?? params,
        ...(multiplicity !== undefined && { multiplicity }),
        metricBefore,
        metricAfter,
        standardError,
        details,
        shortfall,
        notes: [...notes, ...(tuned?.notes ?? [])],
        computedBy,
        provenance: [provenance, ...(tuned ? [tuned.provenance] : [])],
      },
    };
  } catch (error) {
    const cancellation = cancellationOf(error);
    if (cancellation) throw cancellation;
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    return fail(reasonOf(error));
  }
}
