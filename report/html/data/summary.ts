import type { RunSources } from '../../../client/run-sources';
import { points } from '../../../contract/verdict';
import { costNames } from '../../../engine/names';
import type { Result } from '../../../run-spec/result-schema';

/** The request, the outcome, how sure it is, and what to do next. */
export interface Summary {
  readonly title: string;
  readonly outcome: Result['outcome'];
  readonly sentence: string;
  /** Sentences about the error of the figures; empty if nothing is known about it. */
  readonly sureness: readonly string[];
  /** Advice if the requirement was not met. */
  readonly next: readonly string[];
  /** The figures before and after; the second is left out if nothing was selected. */
  readonly figures: readonly Figure[];
  readonly notes: readonly string[];
}

/** A figure of the original and of the selected model. */
export interface Figure {
  readonly name: string;
  readonly before: number;
  readonly after?: number;
  /** The second relative to the first. */
  readonly ratio?: number;
  readonly unit: 'count' | 'points' | 'ms';
}

/** Metrics that are the share of samples that are right, so that their error is that of a share. */
const shares = ['top1', 'top5'];

/** Summarizes a run. */
export function summaryOf({ result, record }: RunSources): Summary {
  const { original, final, outcome, selected, target, cost, tolerance, notes } = result;
  const name = record?.input.name ?? result.workflowId.split('/').at(-2) ?? result.workflowId;
  const metric = record?.input.settings.metric ?? 'the metric';
  const chosen = result.candidates.find(({ id }) => id === selected);
  const asked = `${name} was to be compressed to ${target} of its ${costNames[cost]}, with a drop of at most ${points(tolerance)} of ${metric}`;
  const came =
    chosen && final
      ? `${chosen.id} reaches ${final.ratio.toFixed(3)} ${lost(final.drop)}`
      : (result.unmet?.reason ?? 'nothing was selected');
  const count = (before: number, after?: number, ratio?: number) => ({
    before,
    after,
    ratio,
    unit: 'count' as const,
  });
  return {
    title: name,
    outcome,
    sentence: `${asked}; ${came}.`,
    sureness: sureness(result, metric, record?.samples),
    next: nextSteps(result),
    figures: [
      { name: 'MACs', ...count(original.macs, chosen?.macs, final?.macRatio) },
      { name: 'Parameters', ...count(original.params, chosen?.params, final?.paramRatio) },
      { name: 'Evaluation', before: original.metric, after: final?.metric, unit: 'points' },
      { name: 'Test', before: original.test, after: final?.test, unit: 'points' },
      {
        name: 'Latency',
        before: original.latencyMs,
        after: final?.latencyMs,
        ratio: final ? final.latencyMs / original.latencyMs : undefined,
        unit: 'ms',
      },
    ],
    notes,
  };
}

const lost = (drop: number): string =>
  drop > 0 ? `and loses ${points(drop)}` : drop < 0 ? `and gains ${points(-drop)}` : 'and loses nothing';

/** Standard error of a share of `samples`, in points. */
const standardError = (value: number, samples: number): number =>
  Math.sqrt((Math.max(0, value) * Math.max(0, 100 - value)) / samples);

function sureness(
  { original, final, latencyBy }: Result,
  metric: string,
  samples: number | undefined,
): string[] {
  const sentences: string[] = [];
  if (samples && shares.includes(metric)) {
    const error = standardError(final?.metric ?? original.metric, samples);
    sentences.push(
      `The evaluation split has ${samples} samples, so ${metric} has a standard error of ${points(error)}; differences below that may be chance.`,
    );
  }
  sentences.push(
    `Latencies are medians for a batch of one, measured in turn on ${latencyBy.device} (${latencyBy.provider}).`,
  );
  return sentences;
}

/** Says what to change for another run, from what stopped this one. */
function nextSteps({ unmet, original, candidates, target, tolerance, workflowId }: Result): string[] {
  const best = candidates.find(({ id }) => id === unmet?.best);
  if (!unmet) return [];
  const drop = best && original.metric - best.metricAfter;
  switch (unmet.stoppedBy) {
    case 'too much drop':
      return [
        'Train longer: more epochs in fineTune, or fineTune.distillation, with the same target.',
        ...(drop !== undefined && drop > tolerance
          ? [`Accept the drop: with tolerance ${ceil(drop)}, ${unmet.best} would be selected.`]
          : []),
        `Ask for less compression: a target above ${target}.`,
      ];
    case 'too far from the target':
      return [
        ...(best ? [`Take what was reached: target ${best.achieved.toFixed(3)}, by ${unmet.best}.`] : []),
        'Add candidates closer to the target: ssvdTargets in the spec, or `slimflow adjust --add` in a run.',
      ];
    case 'nobody approved':
      return [
        `Start the run again and approve in time: \`slimflow approve ${workflowId}\`. Everything computed so far is reused.`,
      ];
  }
}

const ceil = (value: number): number => Math.ceil(value * 100 - 1e-6) / 100;
