import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EngineError } from '../../engine/errors';
import { saveModel } from '../../engine/onnx/model';
import { openModel } from '../../engine/onnx/open-model';
import { difference, inOnnxRuntime } from '../fuzz/in-onnx-runtime';
import { shapeOf } from '../fuzz/judge';

/** Outcome for a model that ONNX Runtime runs, or `not run`. */
export type Sameness =
  | { readonly kind: 'same' | 'not run' }
  /** The reason, without names and numbers. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'different'; readonly why: string };

/**
 * Opens a model, saves it, opens that and saves it again, and compares in ONNX Runtime what the original and the last copy
 * compute from the same inputs.
 */
export async function sameAfterSaving(model: Uint8Array): Promise<Sameness> {
  const original = await inOnnxRuntime(model);
  if (!original || original === 'beyond limits') return { kind: 'not run' };
  const folder = mkdtempSync(join(tmpdir(), 'slimflow-same-'));
  const [given, once, twice] = ['model.onnx', 'once.onnx', 'twice.onnx'].map((name) => join(folder, name));
  try {
    writeFileSync(given, model);
    try {
      saveModel(openModel(given), once, { durable: false });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      return { kind: 'refused', why: shapeOf(error.message.replaceAll(given, 'it')) };
    }
    saveModel(openModel(once), twice, { durable: false });
    const again = await inOnnxRuntime(readFileSync(twice));
    if (!again || again === 'beyond limits')
      return { kind: 'different', why: 'the saved model does not run' };
    const why = difference(original, again);
    return why === undefined ? { kind: 'same' } : { kind: 'different', why };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
