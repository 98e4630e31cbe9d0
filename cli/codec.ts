import type { DataConverter } from '@temporalio/common';

import { loadCodecs } from '../server/codec/load-codec';
import { codecVariable } from './codec-option';
import { BadInput } from './exit-status';

/**
 * Returns the converter of this command's codec: `--codec`, SLIMFLOW_CODEC or TEMPORAL_CODEC_ENDPOINT. Undefined without
 * one.
 * @throws BadInput if the codec can't be loaded
 */
export async function configuredConverter(namespace: string): Promise<DataConverter | undefined> {
  const name = process.env[codecVariable] || process.env.TEMPORAL_CODEC_ENDPOINT;
  if (!name) return undefined;
  try {
    return {
      payloadCodecs: await loadCodecs(name, namespace),
      // Messages of failures are data, too.
      failureConverterPath: require.resolve('../contract/encrypted-failures'),
    };
  } catch (error) {
    throw new BadInput(`--codec: ${(error as Error).message}`, { cause: error });
  }
}
