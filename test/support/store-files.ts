import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A model and its weights, as files in a folder; gives their paths. */
export function modelIn(folder: string, weights = 'weights'): string[] {
  mkdirSync(join(folder, 'net', 'data'), { recursive: true });
  const paths = ['net.onnx', 'data/w.bin'].map((name) => join(folder, 'net', name));
  writeFileSync(paths[0], 'model');
  writeFileSync(paths[1], weights);
  return paths;
}
