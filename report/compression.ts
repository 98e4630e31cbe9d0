import Table from 'cli-table3';

import type { CompressReport } from '../engine/api/compress-report';
import { slowerNote, speedText } from '../contract/speed';
import { costNames, techniqueTraits } from '../engine/names';

/**
 * Formats the report of `slimflow compress` for a terminal.
 * @param said notes that the reader has seen already
 */
export function compressReport(
  report: CompressReport,
  out: string,
  said: ReadonlySet<string> = new Set(),
): string {
  const {
    technique,
    cost,
    target,
    achieved,
    macs,
    macsOriginal,
    macsElsewhere,
    params,
    paramsOriginal,
    speed,
  } = report;
  const slower = speed && slowerNote([{ id: 'the model', speed }], cost);
  const { units } = techniqueTraits[technique];
  const table = new Table({
    head: ['layer', 'kind', units, 'ratio left'],
    colAligns: ['left', 'left', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { name, kind, rank, channels, ratio } of report.layers)
    table.push([name, kind, rank ?? channels, ratio.toFixed(3)]);
  const asked = target === null ? '' : ` (asked: ${target})`;
  return [
    table.toString(),
    ...report.frozen.map(({ name, why }) => `unchanged: ${name}: ${why}`),
    ...report.warnings.filter((warning) => !said.has(warning)).map((warning) => `note: ${warning}`),
    ...(report.shortfall
      ? [`${achieved > (target ?? 1) ? 'target not reached' : 'below the target'}: ${report.shortfall}`]
      : []),
    `${costNames[cost]} ratio ${achieved.toFixed(4)}${asked}${speed ? `: ${speedText(speed)}` : ''}`,
    ...(slower ? [`note: ${slower}`] : []),
    `MACs        ${macsOriginal} → ${macs} (${(macs / macsOriginal).toFixed(4)})`,
    ...(macsElsewhere
      ? [
          `with ${macsElsewhere} uncounted: ${macsOriginal + macsElsewhere} → ${macs + macsElsewhere} (${((macs + macsElsewhere) / (macsOriginal + macsElsewhere)).toFixed(4)})`,
        ]
      : []),
    `parameters  ${paramsOriginal} → ${params} (${(params / paramsOriginal).toFixed(4)})`,
    ...(report.multiplicity > 1
      ? [
          `${units === 'rank' ? 'ranks' : 'channels'} in multiples of ${report.multiplicity}, which a processor computes at once`,
        ]
      : []),
    `computed with ${report.computedBy.provider}, ${report.computedBy.linearAlgebra}`,
    `Written: ${out}`,
  ].join('\n');
}
