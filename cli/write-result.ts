import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { savedFiles } from '../engine/onnx/model';
import { Result } from '../run-spec/result-schema';
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
  const resultFile = join(outDir, 'result.json');
  const selected = result.candidates.find(({ id }) => id === result.selected);
  // What the store can't give must not cost what lies there.
  const files = selected ? savedFiles(await store.path(selected.model)).length : 0;
  await mkdir(outDir, { recursive: true });
  // The model of an earlier run must not be taken for this one's.
  const models = writtenTo(outDir);
  for (const file of models) await rm(file, { force: true });
  if (selected) await store.export(selected.model, models[0]);
  // Parsed, so that its fields stand in the schema's order, whoever writes it.
  await writeAtomically(resultFile, `${JSON.stringify(Result.parse(result), undefined, 2)}\n`);
  // Not what lies there now: another command that follows the same run may be writing it anew.
  return [...models.slice(0, files), resultFile];
}
