import Table from 'cli-table3';

import { visible } from '../engine/visible';
import type { DiffLayer, ModelDiff } from './html/data/model-diff';

/** Formats the difference between two models for a terminal: a row per layer, and the totals. */
export function modelDiffText({ original, small, layers, added }: ModelDiff): string {
  const total = (what: string, before: number, after: number, digits = 0) =>
    `${what} ${before.toFixed(digits)} → ${after.toFixed(digits)}${before ? ` (ratio ${(after / before).toFixed(3)})` : ''}`;
  const counts = (['split', 'pruned', 'removed'] as const)
    .map((status) => [status, layers.filter((layer) => layer.status === status).length] as const)
    .filter(([, count]) => count);
  const changed = layers.filter(({ status }) => status !== 'unchanged').length;
  return [
    layersTable(layers, original.ms !== undefined),
    `${changed} of ${layers.length} layers changed${counts.length ? `: ${counts.map(([status, count]) => `${count} ${status}`).join(', ')}` : ''}`,
    total('MACs', original.macs, small.macs),
    total('parameters', original.params, small.params),
    ...(original.ms !== undefined && small.ms !== undefined
      ? [total('ms of all kernels', original.ms, small.ms, 3)]
      : []),
    ...(added.length
      ? [`layers that come from none of the original's: ${added.map(visible).join(', ')}`]
      : []),
  ].join('\n');
}

const shape = (dims: DiffLayer['output']) => dims.join('x');

function layersTable(layers: readonly DiffLayer[], timed: boolean): string {
  const table = new Table({
    head: [
      'layer',
      'kind',
      'output',
      'MACs before',
      'after',
      'params before',
      'after',
      ...(timed ? ['ms before', 'after'] : []),
      'change',
    ],
    colAligns: [
      'left',
      'left',
      'left',
      'right',
      'right',
      'right',
      'right',
      ...(timed ? (['right', 'right'] as const) : []),
      'left',
    ],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { name, kind, output, outputAfter = output, macs, macsAfter = macs, ...more } of layers) {
    const { params, paramsAfter = params, ms, msAfter, change } = more;
    const [was, is] = [shape(output), shape(outputAfter)];
    table.push([
      visible(name),
      visible(kind),
      visible(was === is ? was : `${was} → ${is}`),
      macs,
      macsAfter,
      params,
      paramsAfter,
      ...(timed ? [ms?.toFixed(3) ?? '', msAfter?.toFixed(3) ?? ''] : []),
      change ?? '',
    ]);
  }
  return table.toString();
}
