import type { Client } from '@temporalio/client';

import { runSources } from '../client/run-sources';
import type { Result } from '../run-spec/result-schema';
import { writeAtomically } from '../store/files';
import type { Store } from '../store/store';

/**
 * Writes the report of an ended run to a file: one HTML page, which needs nothing else.
 * @returns the path of the file
 */
export async function writeReport(
  client: Client,
  result: Result,
  file: string,
  store: Pick<Store, 'path' | 'json'>,
): Promise<string> {
  // What draws is slow to load, and no other command needs it.
  const { reportHtml } = await import('../report/html/report-html.js');
  await writeAtomically(file, reportHtml(await runSources(client, result, store)));
  return file;
}
