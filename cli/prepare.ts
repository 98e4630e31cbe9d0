import { prepare as prepareInput } from '../client/prepare';
import { openStore } from '../store/open';
import { exitStatus } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { preflight } from './preflight';
import { toStdout } from './temporal-session';

/** `slimflow prepare`: imports a spec's files into the store and prints the workflow's input, for other clients to start it. */
export async function prepare(specFile: string, flags: StoreFlags): Promise<number> {
  const spec = await preflight(specFile);
  const input = await prepareInput(spec, openStore(storeLocation(flags)));
  toStdout(JSON.stringify(input, undefined, flags.json ? undefined : 2));
  return exitStatus.done;
}
