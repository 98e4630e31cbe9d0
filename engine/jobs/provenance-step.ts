import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

import type { Step } from '../onnx/metadata';
import type { Provenance } from '../runtime/provenance';

/** Describes, for the metadata of a model that a job made, who made it and from what. */
export async function madeBy(
  { version, engine, onnxruntime, provider, device }: Provenance,
  { model, parent }: { readonly model: string; readonly parent?: string },
): Promise<Step> {
  return {
    version,
    engine,
    onnxruntime,
    provider,
    device,
    'parent.sha256': parent ?? (await digestOf(model)),
  };
}

/** The SHA-256 of a model file, in hex. `store/digest` has another for artifacts: neither room imports the other. */
async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
