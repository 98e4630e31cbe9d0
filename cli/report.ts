import type { Client } from '@temporalio/client';
import { dirname, join, resolve } from 'node:path';

import { openStore } from '../store/open';
import type { Store } from '../store/store';
import { BadInput, exitStatus } from './exit-status';
import { endOfRun } from './end-of-run';
import { type StoreFlags, storeLocation } from './options';
import { writeProblem } from './preflight';
import { toStderr, toStdout, withRunsSession } from './temporal-session';
import { reportSources, writePictures, writeReport, writeTables } from './write-report';

/** Flags of `slimflow report`. */
export interface ReportFlags extends StoreFlags {
  /** File of one report, or folder for several. */
  readonly out?: string;
  /** Maximum number of samples whose predictions are compared; 0 for none. */
  readonly samples?: number;
  /** Folder for the data as CSV. */
  readonly csv?: string;
  /** Folder for the pictures as SVG and PNG. */
  readonly images?: string;
}

/** `slimflow report`: writes the reports of runs that have ended, whether or not they met their requirement. */
export function report(names: readonly string[], flags: ReportFlags): Promise<number> {
  const { state, json } = flags;
  return withRunsSession({ state, say: toStderr }, names, async (ids, { client, signal }) => {
    const several = ids.length > 1;
    for (const option of ['out', 'csv', 'images'] as const) {
      const value = flags[option];
      const problem =
        value && writeProblem(option === 'out' && !several ? dirname(resolve(value)) : resolve(value));
      if (problem) throw new BadInput(`--${option} ${value} is not writable: ${problem}`);
    }
    const store = openStore(storeLocation(flags));
    for (const workflowId of ids) {
      const places = several ? inFolders(flags, fileNameOf(workflowId)) : flags;
      const written = await writeOne(client, workflowId, store, { ...places, signal });
      toStdout(
        json
          ? JSON.stringify({ workflowId, ...written })
          : `Written: ${[written.report, ...(written.csv ?? []), ...(written.images ?? [])].join(', ')}`,
      );
    }
    return exitStatus.done;
  });
}

/** Returns a run's places if there are several runs: each has a file, and folders, of its own. */
const inFolders = ({ out = 'reports', csv, images, ...flags }: ReportFlags, name: string): ReportFlags => ({
  ...flags,
  out: join(out, `${name}.html`),
  ...(csv !== undefined && { csv: join(csv, name) }),
  ...(images !== undefined && { images: join(images, name) }),
});

/** Returns a name for a run's files: its id without `slimflow/`, on any system. */
export const fileNameOf = (workflowId: string): string =>
  workflowId.replace(/^slimflow\//, '').replace(/[^\w.-]+/g, '-');

async function writeOne(
  client: Client,
  workflowId: string,
  store: Store,
  { out = 'report.html', csv, images, samples, signal }: ReportFlags & { readonly signal: AbortSignal },
): Promise<{ report: string; csv?: readonly string[]; images?: readonly string[] }> {
  const { result, reason, status } = await endOfRun(client, workflowId);
  if (!result) throw new BadInput(`run ${workflowId} has no result to report on: it is ${status}, ${reason}`);
  const sources = await reportSources(client, result, store, { samples, signal });
  return {
    report: await writeReport(sources, resolve(out)),
    ...(csv !== undefined && { csv: await writeTables(sources, resolve(csv)) }),
    ...(images !== undefined && { images: await writePictures(sources, resolve(images)) }),
  };
}
