import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { savedFiles } from '../engine/onnx/model';
import type { LayerRow, Layers } from '../report/html/data/layers';
import { Result, type ResultLayer } from '../run-spec/result-schema';
import { writeAtomically } from '../store/files';
import type { Store } from '../store/store';
import { outputFiles } from './preflight';

/**
 * Writes model.onnx (and its weight files, if it has any) and result.json to a folder.
 * @param layers those of the original and of the selected model, for result.json
 * @returns the paths of the written files; without a model if none was selected
 * @throws ArtifactError if the store does not have the model
 */
export async function writeResult(
  result: Result,
  outDir: string,
  store: Pick<Store, 'export' | 'path'>,
  layers?: Layers,
): Promise<string[]> {
  const resultFile = join(outDir, 'result.json');
  const selected = result.candidates.find(({ id }) => id === result.selected);
  // Before anything is removed: if the store can not provide the model, the folder stays as it is.
  const files = selected ? savedFiles(await store.path(selected.model)).length : 0;
  await mkdir(outDir, { recursive: true });
  // The model of an earlier run must not be mistaken for this one's.
  const models = outputFiles(outDir);
  for (const file of models) await rm(file, { force: true });
  if (selected) await store.export(selected.model, models[0]);
  // Parsed, so that its fields are always in the schema's order.
  await writeAtomically(
    resultFile,
    `${JSON.stringify(Result.parse({ ...result, ...(layers?.compared && { layers: layers.rows.map(resultLayer) }) }), undefined, 2)}\n`,
  );
  // Not the folder's current contents: another command that follows the same run may be rewriting them.
  return [...models.slice(0, files), resultFile];
}

/** Arranges what became of a layer as result.json has it: without shares and sentences, which others can derive. */
const resultLayer = ({
  share: _share,
  shareAfter: _shareAfter,
  change: _change,
  macsAfter = 0,
  paramsAfter = 0,
  ...layer
}: LayerRow): ResultLayer => ({ ...layer, macsAfter, paramsAfter });
