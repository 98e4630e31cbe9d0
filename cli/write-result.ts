import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { savedFiles } from '../engine/onnx/model';
import { Result } from '../spec/result';
import { writeAtomically } from '../store/files';
import type { Store } from '../store/store';
import { writtenTo } from './preflight';

/**
 * Writes model.onnx (with the files of its weights, where it has any) and result.json into a folder.
 * @returns what was written; no model where none was selected
 * @throws ArtifactError where the store does not have the model
 */
export async function writeResult(
  result: Result,
  outDir: string,
  store: Pick<Store, 'export' | 'path'>,
): Promise<string[]> {
  const model = join(outDir, 'model.onnx');
  const resultFile = join(outDir, 'result.json');
  const selected = result.candidates.find(({ id }) => id === result.selected);
  // What the store can't give must not cost what lies there.
  if (selected) await store.path(selected.model);
  await mkdir(outDir, { recursive: true });
  // The model of an earlier run must not be taken for this one's.
  for (const file of writtenTo(outDir)) await rm(file, { force: true });
  if (selected) await store.export(selected.model, model);
  // Parsed, so that its fields stand in the schema's order, whoever writes it.
  await writeAtomically(resultFile, `${JSON.stringify(Result.parse(result), undefined, 2)}\n`);
  return [...(selected ? savedFiles(model) : []), resultFile];
}
