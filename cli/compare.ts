import { dirname, resolve } from 'node:path';

import type { RunSources } from '../client/run-sources';
import { comparisonText } from '../report/comparison';
import { comparisonOf } from '../report/html/data/comparison';
import { writeAtomically } from '../store/files';
import { openStore } from '../store/open';
import { endOfRun } from './end-of-run';
import { BadInput, exitStatus } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { writeProblem } from './preflight';
import { toStderr, toStdout, withRunsSession } from './temporal-session';
import { reportSources } from './write-report';

/** Flags of `slimflow compare`. */
export interface CompareFlags extends StoreFlags {
  /** File for the page. */
  readonly html?: string;
  /** Maximum number of samples whose predictions are compared; 0 for none. */
  readonly samples?: number;
}

/** `slimflow compare`: shows several ended runs beside each other. */
export function compare(names: readonly string[], flags: CompareFlags): Promise<number> {
  const { state, json, html, samples } = flags;
  return withRunsSession({ state, say: toStderr }, names, async (ids, { client, signal }) => {
    if (ids.length < 2) throw new BadInput(`compare needs two different runs or more, and got ${ids.length}`);
    const problem = html === undefined ? undefined : writeProblem(dirname(resolve(html)));
    if (problem) throw new BadInput(`--html ${html} is not writable: ${problem}`);
    const store = openStore(storeLocation(flags));
    const all: RunSources[] = [];
    for (const workflowId of ids) {
      const { result, reason, status } = await endOfRun(client, workflowId);
      if (!result)
        throw new BadInput(`run ${workflowId} has no result to compare: it is ${status}, ${reason}`);
      all.push(await reportSources(client, result, store, { samples, signal }));
    }
    const comparison = comparisonOf(all);
    toStdout(json ? JSON.stringify(comparison, withoutPictures, 2) : comparisonText(comparison));
    if (html !== undefined) {
      // What draws is slow to load, and the terminal does without.
      const { comparePage } = await import('../report/html/page/compare-page.js');
      await writeAtomically(resolve(html), comparePage(comparison));
      (json ? toStderr : toStdout)(`Written: ${resolve(html)}`);
    }
    return exitStatus.done;
  });
}

const withoutPictures = (key: string, value: unknown): unknown => (key === 'picture' ? undefined : value);
