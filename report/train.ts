import Table from 'cli-table3';

import type { TrainReport } from '../engine/jobs/train-model';

const points = (value: number | null | undefined) => (typeof value === 'number' ? value.toFixed(2) : '');
const short = (value: number) => String(Number(value.toPrecision(3)));

/** What `slimflow train` did, for a terminal. */
export function trainReport(report: TrainReport, out: string): string {
  const { metric, evaluation, test, epochs, steps, resumedAt, params, warnings } = report;
  const table = new Table({
    head: ['epoch', 'loss', 'learning rate'],
    colAligns: ['right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { epoch, loss, learningRate } of epochs)
    table.push([epoch, loss.toFixed(4), short(learningRate)]);
  return [
    table.toString(),
    ...warnings.map((warning) => `note: ${warning}`),
    `steps       ${steps}${resumedAt ? `, from ${resumedAt} on in this call` : ''}`,
    `parameters  ${params}`,
    ...(evaluation
      ? [
          `evaluation  ${evaluation.before === null ? '' : `${points(evaluation.before)} → `}${points(evaluation.after)}`,
        ]
      : []),
    ...(test === null ? [] : [`test        ${points(test)}`]),
    `Written: ${out}`,
  ].join('\n');
}

/** The curve as CSV, a row a step. */
export function curveTable({ epochs, curve: { losses, learningRates } }: TrainReport): string {
  const perEpoch = losses.length / epochs.length;
  const rows = losses.map((loss, at) =>
    [at + 1, Math.floor(at / perEpoch) + 1, loss, learningRates[at]].join(','),
  );
  return ['step,epoch,loss,learning_rate', ...rows, ''].join('\n');
}
