import { complaint } from '../server/reachable';
import { existingServer } from '../server/find-server';
import type { CompressionSpec } from '../run-spec/spec';
import { BadInput, exitStatus } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { toStdout } from './temporal-session';

/**
 * Ends `slimflow run --dry`: says what a run would use, now that the spec, the model and the data were checked. Starts and
 * changes nothing.
 * @throws BadInput if the Temporal server that is configured can't be used
 */
export async function dryRun(spec: CompressionSpec, flags: StoreFlags): Promise<number> {
  const store = storeLocation(flags);
  const server = await existingServer(flags.state).catch((error: Error) => {
    throw new BadInput(error.message, { cause: error });
  });
  const problem = server && (await complaint(server.connection, server.namespace));
  if (problem) throw new BadInput(`${server.found}: ${problem}`);
  const temporal = server ? server.found : 'a development server, which the run would start';
  if (flags.json)
    toStdout(JSON.stringify({ ok: true, model: spec.model, outDir: spec.outDir, store, temporal }));
  else
    toStdout(
      [
        'Everything that can be checked before a run is right; nothing was started.',
        `  model: ${spec.model}, to ${spec.target} of its cost, by ${spec.techniques.join(' and ')}`,
        `  store: ${store}`,
        `  Temporal: ${temporal}`,
        `  result: ${spec.outDir}`,
      ].join('\n'),
    );
  return exitStatus.done;
}
