import Table from 'cli-table3';

import { speedText } from '../contract/speed';
import type { EvaluateReport } from '../engine/api/evaluate-model';
import type { Speed } from '../engine/jobs/types';

/** A model's figures. */
export interface JudgedModel extends EvaluateReport {
  readonly model: string;
  readonly macs: number;
  readonly params: number;
  /** Of its files. */
  readonly bytes: number;
  /** Median of a batch of one. */
  readonly latencyMs?: number;
  /** Beside the first model. */
  readonly speed?: Speed;
}

/** Formats the figures of models for a terminal; of the others it says how they compare with the first. */
export function evaluationReport(
  models: readonly JudgedModel[],
  { split, threads }: { readonly split: string; readonly threads: number },
): string {
  const [first] = models;
  const isTimed = first.latencyMs !== undefined;
  const table = new Table({
    head: ['model', first.metric, 'MACs', 'parameters', 'bytes', ...(isTimed ? ['latency ms'] : [])],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  const share = (own: number, of: number) => (of && own !== of ? ` (${(own / of).toFixed(3)})` : '');
  for (const one of models) {
    const { model, value, standardError, macs, params, bytes, latencyMs, speed } = one;
    const how = speed && one !== first ? ` (${speedText(speed)})` : '';
    table.push([
      model,
      `${value.toFixed(2)}${standardError === undefined ? '' : ` ±${standardError.toFixed(2)}`}`,
      `${macs}${share(macs, first.macs)}`,
      `${params}${share(params, first.params)}`,
      `${bytes}${share(bytes, first.bytes)}`,
      ...(isTimed ? [`${latencyMs?.toFixed(2)}${how}`] : []),
    ]);
  }
  return [
    table.toString(),
    `${first.samples} samples of the ${split} split${first.standardError === undefined ? '' : '; ± is the standard error'}${isTimed ? `; latency of one sample, ${threads} thread${threads === 1 ? '' : 's'}` : ''}`,
    ...models.flatMap(({ model, errors }) =>
      errors
        ? [
            `${model}: mean absolute error ${errors.meanAbsoluteError.toPrecision(4)}, root mean squared error ${errors.rootMeanSquaredError.toPrecision(4)}`,
          ]
        : [],
    ),
    ...models.flatMap(({ model, details }) => (details ? [`${model}: ${JSON.stringify(details)}`] : [])),
  ].join('\n');
}
