import Table from 'cli-table3';

import type { ModelSummary } from '../engine/jobs/types';
import { visible } from '../engine/visible';

const shape = (dims: readonly (number | string)[]) => dims.join('x');

/** Formats a model's layers, with shapes and costs, and the totals for a terminal. */
export function layersTable({ layers, macs, params, inputs, outputs, opset, notes }: ModelSummary): string {
  const table = new Table({
    head: ['layer', 'kind', 'kernel', 'stride', 'input', 'output', 'MACs', 'params', 'share %', 'techniques'],
    colAligns: ['left', 'left', 'left', 'left', 'left', 'left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const layer of layers)
    table.push([
      visible(layer.name),
      visible(layer.kind),
      shape(layer.kernel),
      shape(layer.stride),
      shape(layer.input),
      shape(layer.output),
      layer.macs,
      layer.params,
      ((100 * layer.macs) / macs).toFixed(1),
      layer.techniques.join(', '),
    ]);
  const values = (all: ModelSummary['inputs']) =>
    all.map(({ name, shape: dims }) => visible(`${name} [${dims.join(', ')}]`));
  return [
    table.toString(),
    `${layers.length} layers, ${macs} MACs, ${params} parameters; opset ${opset}`,
    `${values(inputs).join(', ')} → ${values(outputs).join(', ')}`,
    ...notes.map((note) => `note: ${visible(note)}`),
  ].join('\n');
}
