import type { Client } from '@temporalio/client';
import { availableParallelism } from 'node:os';

import { comparePredictions, type PredictionOptions, type PredictionStore } from '../client/predictions';
import { runSources, type RunSources } from '../client/run-sources';
import type { Result } from '../run-spec/result-schema';
import { writeAtomically } from '../store/files';
import { toStderr } from './temporal-session';

/**
 * Collects everything that is kept of an ended run, and compares predictions, which takes a while the first time.
 */
export const reportSources = (
  client: Client,
  result: Result,
  store: PredictionStore,
  options: Pick<PredictionOptions, 'samples' | 'signal'> = {},
): Promise<RunSources> =>
  runSources(client, result, store, (ended, record) =>
    comparePredictions(ended, record, store, {
      threads: Math.max(1, availableParallelism()),
      onWork: (samples, of) =>
        toStderr(
          `Comparing the predictions of both models for ${samples}${samples < of ? ` of ${of}` : ''} samples …`,
        ),
      ...options,
    }),
  );

/**
 * Writes the report of an ended run to a file: one HTML page, which needs nothing else.
 * @returns the path of the file
 */
export async function writeReport(sources: RunSources, file: string): Promise<string> {
  // What draws is slow to load, and no other command needs it.
  const { reportHtml } = await import('../report/html/report-html.js');
  await writeAtomically(file, reportHtml(sources));
  return file;
}
