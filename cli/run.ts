import { BadInput } from './exit-status';
import type { StoreFlags } from './options';
import { preflight, writable } from './preflight';

/** `slimflow run`: the whole guidebook on a spec, from finding a Temporal server to the files in outDir. */
export async function run(specFile: string, flags: StoreFlags): Promise<number> {
  const spec = await preflight(specFile);
  const problem = writable(flags.state);
  if (problem) throw new BadInput(`--state ${flags.state} can't be written to: ${problem}`);
  // Temporal's SDK takes its time to load, and what is refused above has no need of it.
  const { runSpec } = await import('./run-guidebook.js');
  return runSpec(spec, flags);
}
