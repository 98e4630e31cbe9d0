import { inspectModel } from '../../../engine/api/inspect-model';
import { layersTable } from '../../../report/layer-table';
import { rawWords, shapeOf } from '../judge';
import { mutateModel } from '../mutators/model';
import { modelSeeds } from '../seeds';
import { type Room, type Target, Violation } from '../target';
import { isEngineError } from './refusals';

async function run({ file }: Room): Promise<string> {
  const summary = await inspectModel(file);
  for (const note of [...summary.notes, ...summary.frozen.map(({ why }) => why)]) {
    const words = rawWords(note, 'a note');
    if (words) throw new Violation(words.kind, note);
  }
  layersTable(summary);
  const notes = [...summary.notes, ...summary.frozen.map(({ why }) => why)].map(shapeOf);
  return `inspected: ${[...new Set(notes)].sort().join(' ')}`.slice(0, 400);
}

/** The whole of `slimflow inspect`: opening, shape measurement, layers, parts, and the table for people. */
export const inspect: Target = {
  name: 'inspect',
  extension: '.onnx',
  seeds: () => modelSeeds('inspect'),
  mutate: mutateModel,
  run,
  isRefusal: isEngineError,
};
