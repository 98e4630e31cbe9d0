/**
 * Measures how much of an architecture channel pruning reaches, for every model of the zoo:
 *
 *     npm run bench:groups -- [--folder .slimflow/zoo]
 *
 * `npm run zoo` exports the models to the folder. Writes the table of docs/pruning.md.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { openMeasured } from '../../engine/jobs/open-measured';
import { plainMethod } from '../../engine/jobs/list-parts';
import { pruningParts } from '../../engine/jobs/pruning-compressor';
import { costModel } from '../../engine/pruning/cost';
import { writeResults } from '../docs';

const { values: options } = parseArgs({
  options: { folder: { type: 'string', default: join('.slimflow', 'zoo') } },
});
const method = { ...plainMethod, technique: 'channel-pruning' } as const;

/** Returns the figures of one model, as the cells of its row, and the ms of processor time to follow the graph. */
async function reach(path: string) {
  const graph = await openMeasured(path, method);
  const start = process.cpuUsage();
  const { parts, channels, layers } = pruningParts(graph, method);
  const { user, system } = process.cpuUsage(start);
  const ms = (user + system) / 1000;
  const cost = costModel(graph, layers, channels);
  const least = cost(channels.groups.map(() => 1)).macs / cost(channels.groups.map(() => null)).macs;
  const staying = new Set(channels.frozen.map(({ name }) => name)).size;
  const alone = parts.filter(({ group }) => group.aimet).length;
  return {
    cells: [
      parts.length,
      alone,
      `${staying} of ${layers.length}`,
      least < 0.001 ? '< 0.001' : least.toFixed(3),
    ],
    ms,
  };
}

async function main(): Promise<void> {
  const files = readdirSync(options.folder).filter((name) => /^[^.]+\.onnx$/.test(name));
  // Exporters whose figures agree are one row.
  const rows = new Map<string, { readonly network: string; readonly exporters: string[] }>();
  let longest = 0;
  for (const file of files.sort()) {
    const [network, exporter] = file.replace(/\.onnx$/, '').split('-');
    const { cells, ms } = await reach(join(options.folder, file));
    longest = Math.max(longest, ms);
    const row = cells.join(' | ');
    const key = `${network} | ${row}`;
    rows.set(key, { network, exporters: [...(rows.get(key)?.exporters ?? []), exporter] });
    console.log(`${file}: ${row}; ${ms.toFixed(0)} ms`);
  }
  const both = ['dynamo', 'torchscript'];
  const table = [
    "| network | groups | of them AIMET's | layers whose inputs stay | least MAC ratio |",
    '|---|---|---|---|---|',
    ...[...rows].map(([row, { network, exporters }]) => {
      const agree = both.every((exporter) => exporters.includes(exporter));
      return `| ${agree ? network : `${network} (${exporters.join(', ')})`}${row.slice(network.length)} |`;
    }),
  ];
  writeResults('pruning.md', table.join('\n'));
  console.log(`Following a graph took ${longest.toFixed(0)} ms of processor time at most`);
}

void main();
