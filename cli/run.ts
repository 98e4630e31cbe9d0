import { BadInput } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { preflight, writeProblem } from './preflight';
import { storeProblem } from './store-problem';

/** The options of `slimflow run`. */
export interface RunSpecFlags extends StoreFlags {
  readonly dry?: boolean;
}

/** `slimflow run`: runs the guidebook on a spec, from finding a Temporal server to the files in outDir. */
export async function run(specFile: string, { dry, ...flags }: RunSpecFlags): Promise<number> {
  const spec = await preflight(specFile, { quiet: flags.json });
  const problem = writeProblem(flags.state);
  if (problem) throw new BadInput(`--state ${flags.state} is not writable: ${problem}`);
  const ofStore = storeProblem(storeLocation(flags));
  if (ofStore) throw new BadInput(ofStore);
  // Temporal's SDK is slow to load, and the checks above do not need it.
  if (dry) return (await import('./dry-run.js')).dryRun(spec, flags);
  const { runSpec } = await import('./run-guidebook.js');
  return runSpec(spec, flags);
}
