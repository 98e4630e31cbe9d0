import type { Client } from '@temporalio/client';

import type { ScoredLayer } from '../contract/activities';
import { inspectModel } from '../engine/api/inspect-model';
import type { LayerSummary, LayerScores } from '../engine/jobs/types';
import type { Result } from '../run-spec/result-schema';
import type { Digest } from '../store/artifact';
import type { Store } from '../store/store';
import {
  type ComparedPredictions,
  comparePredictions,
  type PredictionOptions,
  type PredictionStore,
} from './predictions';
import type { EventPlace } from './read-history';
import { type Reported, reportedResult } from './reported';
import { runRecord, type RunRecord } from './run-record';

/** The eval scores of a model's layers. */
export interface ModelScores {
  /** `original`, or the id of a candidate. */
  readonly of: string;
  readonly layers: readonly LayerScores[];
}

/** Everything that is kept of a run: what a report is made of. */
export interface RunSources {
  readonly result: Reported;
  /** Left out if the server no longer has the run's history. */
  readonly record?: RunRecord;
  /** In the order of scoring; without those that the store no longer has. */
  readonly scores: readonly ModelScores[];
  /** The layers of the original; left out, as the next, if the store does not have the model. */
  readonly before?: readonly LayerSummary[];
  /** The layers of the selected model. */
  readonly after?: readonly LayerSummary[];
  /** Predictions of the original and the selected model; left out if that was not asked for, or means nothing here. */
  readonly predictions?: ComparedPredictions;
  /** Sentences about what could not be read, and why. */
  readonly missing: readonly string[];
  /** Returns the address of an event in Temporal's UI, for pages beside a server that runs. */
  readonly linkOf?: (event: EventPlace) => string | undefined;
}

/**
 * Collects everything that is kept of an ended run. What can't be read is left out, and named in `missing`: a result
 * outlives its history and the store's artifacts.
 */
export async function runSources(
  client: Client,
  result: Result,
  store: Pick<Store, 'path' | 'json'>,
): Promise<RunSources> {
  const missing: string[] = [];
  const optional = async <T>(what: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      missing.push(`${what}: ${(error as Error).message}`);
      return undefined;
    }
  };
  const record = await optional('the history of the run', () =>
    runRecord(client, result.workflowId, result.runId),
  );
  const scores: ModelScores[] = [];
  for (const { of, artifact } of record?.scores ?? []) {
    const layers = await optional(`the eval scores of ${of}`, () => store.json<ScoredLayer[]>(artifact));
    if (layers) scores.push({ of, layers });
  }
  const selected = result.candidates.find(({ id }) => id === result.selected);
  const layersOf = async (model: Digest, name: string) => {
    const { inputSize } = record!.input.settings;
    return optional(
      `the layers of ${name}`,
      async () => (await inspectModel(await store.path(model), { inputSize })).layers,
    );
  };
  return {
    result: reportedResult(result),
    record,
    scores,
    before: record && (await layersOf(record.input.model, 'the original')),
    after: record && selected && (await layersOf(selected.model, selected.id)),
    missing,
  };
}

/** Adds the predictions of both models to the sources of an ended run, or the reason why there are none. */
export async function withPredictions(
  sources: RunSources,
  result: Result,
  store: PredictionStore,
  options: PredictionOptions,
): Promise<RunSources> {
  const { record, missing } = sources;
  if (!record) return sources;
  try {
    return { ...sources, predictions: await comparePredictions(result, record, store, options) };
  } catch (error) {
    return { ...sources, missing: [...missing, `the predictions: ${(error as Error).message}`] };
  }
}
