import type { Client } from '@temporalio/client';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import type { PredictionOptions, PredictionStore } from '../client/predictions';
import { runSources, type RunSources, withPredictions } from '../client/run-sources';
import { loadSharp } from '../engine/data/images/load-sharp';
import type { Result } from '../run-spec/result-schema';
import { writeAtomically } from '../store/files';
import type { Store } from '../store/store';
import { layersOf } from '../report/html/data/layers';
import { toStderr } from './temporal-session';
import { writeResult } from './write-result';

/**
 * Collects everything that is kept of an ended run, and compares predictions, which takes a while the first time.
 */
export const reportSources = async (
  client: Client,
  result: Result,
  store: PredictionStore,
  options: Pick<PredictionOptions, 'samples' | 'signal'> = {},
): Promise<RunSources> => predicted(await runSources(client, result, store), result, store, options);

/**
 * Writes the files of an ended run to a folder: model, result.json with the layers of the model, and report. The report comes
 * last, since it may take minutes.
 * @returns their paths
 * @throws ArtifactError if the store does not have the model
 */
export async function writeFiles(
  client: Client,
  result: Result,
  folder: string,
  store: Store,
  signal: AbortSignal,
): Promise<string[]> {
  const sources = await runSources(client, result, store);
  const written = await writeResult(result, folder, store, layersOf(sources));
  const complete = await predicted(sources, result, store, { signal });
  return [...written, await writeReport(complete, join(folder, 'report.html'))];
}

const predicted = (
  sources: RunSources,
  result: Result,
  store: PredictionStore,
  options: Pick<PredictionOptions, 'samples' | 'signal'>,
): Promise<RunSources> =>
  withPredictions(sources, result, store, {
    threads: Math.max(1, availableParallelism()),
    onWork: (samples, of) =>
      toStderr(
        `Comparing the predictions of both models for ${samples}${samples < of ? ` of ${of}` : ''} samples …`,
      ),
    ...options,
  });

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

/**
 * Writes the data of a report as CSV files.
 * @returns their paths
 */
export async function writeTables(sources: RunSources, folder: string): Promise<string[]> {
  const { csvText, csvTables } = await import('../report/html/csv-files.js');
  const { reportData } = await import('../report/html/data/report-data.js');
  const written: string[] = [];
  for (const table of csvTables(reportData(sources))) {
    const file = join(folder, `${table.name}.csv`);
    await writeAtomically(file, csvText(table));
    written.push(file);
  }
  return written;
}

/** Pixels of a PNG per CSS pixel. */
const scale = 2;
/** Pixels per inch at which an SVG has one pixel per CSS pixel. */
const plain = 72;

/**
 * Writes the pictures of a report, each as SVG and as PNG. The library that decodes images of data sets draws the PNGs too;
 * if it is not installed, there are none.
 * @returns their paths
 */
export async function writePictures(sources: RunSources, folder: string): Promise<string[]> {
  const { pictureFiles } = await import('../report/html/picture-files.js');
  const { reportData } = await import('../report/html/data/report-data.js');
  let sharp: ReturnType<typeof loadSharp> | undefined;
  try {
    sharp = loadSharp();
  } catch (error) {
    toStderr(`No PNG is written: ${(error as Error).message}`);
  }
  const written: string[] = [];
  for (const { name, svg } of pictureFiles(reportData(sources))) {
    const file = (ending: string) => join(folder, `${name}.${ending}`);
    await writeAtomically(file('svg'), svg);
    written.push(file('svg'));
    if (!sharp) continue;
    const png = await sharp(Buffer.from(svg), { density: scale * plain })
      .png()
      .toBuffer();
    await writeAtomically(file('png'), png);
    written.push(file('png'));
  }
  return written;
}
