import { ActivityFailure, isCancellation, setCurrentDetails } from '@temporalio/workflow';

import { costNames } from '../engine/jobs/method';
import { hearPauses } from './gate';
import { techniqueNames } from './method';
import { compress, evaluate, fineTune, summary } from './proxies';
import { reasonOf } from './reason';
import type { CandidateInput, CandidateOutcome } from './types';

/**
 * Makes one candidate: compress, fine-tune, evaluate before and after. A candidate that can't be made is a result like
 * another; the guidebook goes on without it.
 */
export async function candidate({
  plan,
  model,
  teacher,
  scores,
  method,
  data,
  settings,
}: CandidateInput): Promise<CandidateOutcome> {
  hearPauses();
  const { metric, reconstruction, selection, compute } = settings;
  const { perLayer, ...tuning } = settings.fineTune;
  const fineTuneEach = perLayer.epochs ? { ...tuning, epochs: perLayer.epochs } : undefined;
  const aim = `${techniqueNames[plan.technique]} to ${plan.asked} of the ${costNames[method.cost]}${fineTuneEach ? ', fine-tuned layer by layer' : ''}`;
  const say = (text: string) => setCurrentDetails(`### ${plan.id}\n\n${text}`);
  const judge = async (model: CandidateInput['model'], when: string) => {
    const request = { model, data: data.evaluate, metric, compute };
    const { value } = await evaluate.executeWithOptions(summary(plan.id, `evaluate ${when}`), [request]);
    return value;
  };
  try {
    say(aim);
    const compressed = await compress.executeWithOptions(summary(plan.id, aim), [
      {
        ...{ model, method, selection, scores, reconstruction, compute, fineTuneEach },
        ...{ target: plan.asked, train: data.train },
        ...(fineTuneEach && { teacher }),
      },
    ]);
    const { achieved: ratio, macs, params, shortfall, notes, computedBy } = compressed;
    const metricBefore = await judge(compressed.model, 'as compressed');
    say(`${metric} ${metricBefore.toFixed(2)} as compressed; fine-tuning`);
    const judging = (tuning.earlyStopping ?? tuning.keepBest) && {
      evaluate: { data: data.evaluate, metric },
    };
    const tuned = tuning.epochs
      ? await fineTune.executeWithOptions(summary(plan.id, 'fine-tune'), [
          { model: compressed.model, data: data.train, settings: tuning, compute, ...judging, teacher },
        ])
      : undefined;
    const metricAfter = tuned ? await judge(tuned.model, 'after fine-tuning') : metricBefore;
    say(`${metric} ${metricBefore.toFixed(2)} as compressed, ${metricAfter.toFixed(2)} after fine-tuning`);
    if (![metricBefore, metricAfter].every(Number.isFinite))
      return { status: 'failed', reason: `its ${metric} is not a finite number` };
    return {
      status: 'done',
      made: {
        model: (tuned ?? compressed).model,
        ratio,
        macs,
        params,
        metricBefore,
        metricAfter,
        shortfall,
        notes: [...notes, ...(tuned?.notes ?? [])],
        computedBy,
      },
    };
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error;
    say(`failed: ${reasonOf(error)}`);
    return { status: 'failed', reason: reasonOf(error) };
  }
}
