import { prepare as prepareInput } from '../intake/prepare';
import type { GuidebookInput, SpecInput } from '../contract/run';
import { openStore } from '../store/open';
import { exitStatus } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { preflight, readSpec } from './preflight';
import { toStdout } from './temporal-session';

/** The options of `slimflow prepare` as commander gives them. */
export interface PrepareFlags extends StoreFlags {
  /** Has the workers import the files when the run begins. */
  readonly later?: boolean;
}

/** `slimflow prepare`: imports a spec's files into the store and prints the workflow's input, for other clients to start it. */
export async function prepare(specFile: string, flags: PrepareFlags): Promise<number> {
  const say = (input: GuidebookInput | SpecInput) =>
    toStdout(JSON.stringify(input, undefined, flags.json ? undefined : 2));
  if (flags.later) {
    const { outDir: _here, ...spec } = readSpec(specFile);
    say({ spec });
    return exitStatus.done;
  }
  const spec = await preflight(specFile);
  say(await prepareInput(spec, openStore(storeLocation(flags))));
  return exitStatus.done;
}
