import type { RunSources } from '../../../client/run-sources';
import { slowerAdvice, speedText, speedVerdict } from '../../../contract/speed';
import { counted, lossText, points } from '../../../contract/verdict';
import { costNames, metricWords } from '../../../engine/names';
import type { Reported } from '../../../client/reported';

/** The request, the outcome, how sure it is, and what to do next. */
export interface Summary {
  readonly title: string;
  readonly outcome: Reported['outcome'];
  readonly sentence: string;
  /** Sentences about the error of the figures; empty if nothing is known about it. */
  readonly sureness: readonly string[];
  /** Advice if the requirement was not met, or the selected model is slower than the original. */
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

/** Metrics whose error is that of a share: they are the share of samples that are right. */
const shares = ['top1', 'top5'];

/** Summarizes a run. */
export function summaryOf({ result, record }: RunSources): Summary {
  const { original, final, outcome, selected, target, cost, tolerance, notes } = result;
  const name = record?.input.name ?? result.workflowId.split('/').at(-2) ?? result.workflowId;
  const metric = record ? metricWords(record.input.settings.metric) : 'the metric';
  const chosen = result.candidates.find(({ id }) => id === selected);
  const asked = `${name} was to be compressed to ${target} of its ${costNames[cost]}, with a drop of at most ${points(tolerance)} of ${metric}`;
  const came =
    chosen && final
      ? `${chosen.id} reaches ${final.ratio.toFixed(3)}, ${lossText(final.drop)}${final.speed ? `, and is ${speedText(final.speed)}` : ''}`
      : outcome === 'running'
        ? 'the run goes on'
        : (result.unmet?.reason ?? result.reason ?? 'nothing was selected');
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
    figures: original
      ? [
          { name: 'MACs', ...count(original.macs, chosen?.macs, final?.macRatio) },
          { name: 'Parameters', ...count(original.params, chosen?.params, final?.paramRatio) },
          { name: 'Evaluation', before: original.metric, after: final?.metric, unit: 'points' },
          ...(original.test === undefined
            ? []
            : [{ name: 'Test', before: original.test, after: final?.test, unit: 'points' as const }]),
          ...(original.latencyMs === undefined
            ? []
            : [
                {
                  name: 'Latency',
                  before: original.latencyMs,
                  after: final?.latencyMs,
                  ratio: final ? final.latencyMs / original.latencyMs : undefined,
                  unit: 'ms' as const,
                },
              ]),
        ]
      : [],
    notes,
  };
}

/** Standard error of a share of `samples`, in points. */
const errorOfShare = (value: number, samples: number): number =>
  Math.sqrt((Math.max(0, value) * Math.max(0, 100 - value)) / samples);

function sureness(
  { original, candidates, selected, latencyBy }: Reported,
  metric: string,
  samples: number | undefined,
): string[] {
  const sentences: string[] = [];
  const chosen = candidates.find(({ id }) => id === selected);
  const value = chosen?.metricAfter ?? original?.metric;
  const isShare = samples !== undefined && shares.includes(metric);
  // Results of earlier versions have no standard error.
  const error =
    (chosen ?? original)?.standardError ??
    (isShare && value !== undefined ? errorOfShare(value, samples) : undefined);
  if (error !== undefined)
    sentences.push(
      `${samples === undefined ? 'On the evaluation split' : `The evaluation split has ${samples} samples, so`} ${metric} has a standard error of ${points(error)}; differences below that may be chance.`,
    );
  if (!latencyBy) return sentences;
  const { taskQueue, threads, provider } = latencyBy;
  const how = [
    ...(taskQueue === undefined ? [] : [`task queue ${taskQueue}`]),
    provider,
    ...(threads === undefined ? [] : [counted(threads, 'thread')]),
  ];
  const paired = chosen?.speed
    ? ' The noise of a speed is half the interquartile range of its ratio to the original, round by round.'
    : '';
  sentences.push(
    `Latencies are medians for a batch of ${latencyBy.batch ?? 1}, measured in turn on ${latencyBy.device} (${how.join(', ')}).${paired}`,
  );
  return sentences;
}

/** Says what to change for another run, from what stopped this one. */
function nextSteps(result: Reported): string[] {
  const { unmet, original, candidates, rows, target, tolerance, workflowId, final, cost } = result;
  if (!unmet)
    return final?.speed && speedVerdict(final.speed) === 'slower'
      ? [`The selected model is slower than the original: ${slowerAdvice(cost)}.`]
      : [];
  if (!original) return [];
  const best = candidates.find(({ id }) => id === unmet.best);
  const achieved = rows.find(({ id }) => id === unmet.best)?.achieved;
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
        ...(achieved === undefined
          ? []
          : [`Take what was reached: target ${achieved.toFixed(3)}, by ${unmet.best}.`]),
        'Add candidates closer to the target: ssvdTargets in the spec, or `slimflow adjust --add` in a run.',
      ];
    case 'nobody approved':
      return [
        `Start the run again and approve in time: \`slimflow approve ${workflowId}\`. Everything computed so far is reused.`,
      ];
  }
}

const ceil = (value: number): number => Math.ceil(value * 100 - 1e-6) / 100;
