import Table from 'cli-table3';

import type { TrainReport } from '../engine/api/train-report';

const points = (value?: number | null) => value?.toFixed(2) ?? '';
const short = (value: number) => String(Number(value.toPrecision(3)));

/** Formats the report of `slimflow train` for a terminal. */
export function trainReport(report: TrainReport, out: string): string {
  const { metric, evaluation, test, errors, epochs, steps, resumedAt, best, params, warnings } = report;
  const table = new Table({
    head: ['epoch', 'loss', 'learning rate', ...(best ? [metric] : [])],
    colAligns: ['right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { epoch, loss, learningRate, metric: value } of epochs)
    table.push([epoch, loss.toFixed(4), short(learningRate), ...(best ? [points(value)] : [])]);
  const { before, after } = evaluation ?? {};
  return [
    table.toString(),
    ...warnings.map((warning) => `note: ${warning}`),
    `steps       ${steps}${resumedAt ? `, resumed at ${resumedAt}` : ''}`,
    `parameters  ${params}`,
    ...(best ? [`best        epoch ${best.epoch}`] : []),
    ...(evaluation ? [`evaluation  ${before === null ? '' : `${points(before)} → `}${points(after)}`] : []),
    ...(test === null ? [] : [`test        ${points(test)}`]),
    ...(errors ? errorLines(errors) : []),
    `Written: ${out}`,
  ].join('\n');
}

/** Formats the errors of predicted numbers, in the unit of the labels. */
function errorLines({ before, after, test }: NonNullable<TrainReport['errors']>): string[] {
  return (['meanAbsoluteError', 'rootMeanSquaredError'] as const).map((name) => {
    const evaluation = [before, after].flatMap((one) => (one ? [short(one[name])] : [])).join(' → ');
    const parts = [evaluation, test ? `test ${short(test[name])}` : ''].filter(Boolean);
    return `${errorNames[name]}  ${parts.join(', ')}`;
  });
}

const errorNames = {
  meanAbsoluteError: 'mean absolute error',
  rootMeanSquaredError: 'root mean squared error',
};

/** Formats the curve as CSV: one row per step; an evaluated epoch's metric is in the row of its last step. */
export function curveTable({ epochs, metric, curve: { losses, learningRates } }: TrainReport): string {
  const steps = losses.length / epochs.length;
  const rows = losses.map((loss, at) => {
    const { epoch, metric: value } = epochs[Math.floor(at / steps)];
    const judged = (at + 1) % steps === 0 ? (value ?? '') : '';
    return [at + 1, epoch, loss, learningRates[at], judged].join(',');
  });
  return [`step,epoch,loss,learning_rate,${metric}`, ...rows, ''].join('\n');
}
