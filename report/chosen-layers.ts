import Table from 'cli-table3';

import { visible } from '../engine/visible';
import type { LayerRow, Layers } from './html/data/layers';

/** Formats what became of each layer of the original in the selected model, for a terminal. */
export const chosenLayersTable = ({ rows }: Layers): string => layersTable(rows);

/** Formats what became of layers for a terminal, a row per layer. */
export function layersTable(rows: readonly LayerRow[]): string {
  const table = new Table({
    head: ['layer', 'MACs before', 'MACs after', 'ratio', 'change'],
    colAligns: ['left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { name, macs, macsAfter = macs, change } of rows)
    table.push([visible(name), macs, macsAfter, macs ? (macsAfter / macs).toFixed(3) : '', change ?? '']);
  return table.toString();
}
