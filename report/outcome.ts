import { slowerAdvice, speedText, speedVerdict } from '../contract/speed';
import type { Result } from '../run-spec/result-schema';

/** Formats the outcome of a run for a terminal. */
export function outcomeText({
  outcome,
  original,
  final,
  selected,
  unmet,
  candidates,
  notes,
  seconds,
  cost,
}: Result): string {
  const noteLines = notes.map((note) => `note: ${note}`);
  const chosen = candidates.find(({ id }) => id === selected);
  if (!chosen || !final) {
    const what = outcome === 'stopped' ? 'Stopped' : 'Requirement not met';
    return [...noteLines, '', `${what}: ${unmet?.reason}.`].join('\n');
  }
  return [
    ...noteLines,
    '',
    `Selected ${chosen.id} after ${Math.round(seconds)} s:`,
    `  MACs        ${original.macs} → ${chosen.macs} (ratio ${final.macRatio.toFixed(3)})`,
    `  parameters  ${original.params} → ${chosen.params} (ratio ${final.paramRatio.toFixed(3)})`,
    `  evaluation  ${original.metric.toFixed(2)} → ${final.metric.toFixed(2)}`,
    `  test        ${original.test.toFixed(2)} → ${final.test.toFixed(2)}`,
    `  latency     ${original.latencyMs.toFixed(2)} → ${final.latencyMs.toFixed(2)} ms${final.speed ? `: ${speedText(final.speed)}` : ''}`,
    ...(final.speed && speedVerdict(final.speed) === 'slower'
      ? [`  It is slower than the original: ${slowerAdvice(cost)}.`]
      : []),
  ].join('\n');
}
