import type { Client } from '@temporalio/client';

import { reasonOf } from '../contract/failure-reason';
import type { Observation } from '../client/observation';
import { reportedProgress } from '../client/reported';
import { type RunRecord, RunReader, type TrainingRecord } from '../client/run-record';
import { type ModelScores, type RunSources, runSources, withPredictions } from '../client/run-sources';
import type { ScoredLayer } from '../contract/activities';
import { inspectModel } from '../engine/api/inspect-model';
import type { LayerSummary } from '../engine/jobs/types';
import type { Result } from '../run-spec/result-schema';
import type { Store } from '../store/store';

/** Parts of a store that live pages read. */
export type LiveStore = Pick<Store, 'path' | 'json' | 'result' | 'where'>;

/** Reads what a report of a run is made of while the run goes on: histories and scores are read again if they grew. */
export class LiveSources {
  private readonly reader: RunReader;
  private record?: RunRecord;
  /** State of the run when its histories were read. */
  private readAt?: string;
  private readonly scores = new Map<string, readonly ScoredLayer[]>();
  private before?: readonly LayerSummary[];
  private missing: string[] = [];

  constructor(
    private readonly client: Client,
    workflowId: string,
    private readonly store: LiveStore,
  ) {
    this.reader = new RunReader(client, workflowId);
  }

  /** Reads everything that is kept of an ended run. */
  async ofResult(result: Result): Promise<RunSources> {
    const sources = await runSources(this.client, result, this.store);
    // A page that is only looked at starts no work: `slimflow report` does.
    return withPredictions(sources, result, this.store, { mayCompute: false, threads: 1 });
  }

  /** Reads what is there of a run in progress, or of one that ended without a result; undefined if nothing is. */
  async ofProgress(observation: Observation): Promise<RunSources | undefined> {
    const { progress, work = [] } = observation;
    if (!progress) return undefined;
    await this.readRecord(observation);
    const { record } = this;
    return {
      result: reportedProgress(observation, progress, record),
      record: record && {
        ...record,
        trainings: [...record.trainings, ...underway(work, record)],
      },
      scores: await this.readScores(record),
      before: await this.readLayers(record),
      missing: this.missing,
    };
  }

  private async readRecord({ runId = '', progress, work = [], silent }: Observation): Promise<void> {
    if (silent === 'server') return;
    const state = JSON.stringify([
      runId,
      progress?.stage,
      progress?.scoring.map(({ done }) => done),
      progress?.candidates.map(({ status }) => status),
      progress?.decisions.length,
      work.map(({ workflowId, activityId, attempt }) => [workflowId, activityId, attempt]),
    ]);
    if (state === this.readAt) return;
    try {
      this.record = await this.reader.read(runId);
      this.readAt = state;
      this.missing = [];
    } catch (error) {
      // It is tried again at the next look; what was read before stays.
      this.missing = this.record ? [] : [`the history of the run: ${reasonOf(error)}`];
    }
  }

  private async readScores(record: RunRecord | undefined): Promise<ModelScores[]> {
    const found: ModelScores[] = [];
    for (const { of, artifact } of record?.scores ?? []) {
      const known =
        this.scores.get(artifact.sha256) ??
        (await this.store.json<ScoredLayer[]>(artifact).catch(() => undefined));
      if (!known) continue;
      this.scores.set(artifact.sha256, known);
      found.push({ of, layers: known });
    }
    return [...found, ...(record?.scoring.filter(({ layers }) => layers.length) ?? [])];
  }

  private async readLayers(record: RunRecord | undefined): Promise<readonly LayerSummary[] | undefined> {
    if (!record || this.before) return this.before;
    const { model, settings } = record.input;
    this.before = await this.store
      .path(model)
      .then((path) => inspectModel(path, { inputSize: settings.inputSize }))
      .then(
        ({ layers }) => layers,
        () => [],
      );
    return this.before;
  }
}

/** Returns the course of the trainings that have not ended, from their heartbeats. */
const underway = (work: NonNullable<Observation['work']>, { input }: RunRecord): TrainingRecord[] =>
  work.flatMap(({ activity, of, at }) => {
    const losses = at?.losses?.filter((loss) => Number.isFinite(loss)) ?? [];
    if (activity !== 'fineTune' || !at || !losses.length) return [];
    const { fineTune: settings } = input.settings;
    return [
      {
        candidate: of,
        settings,
        outcome: { steps: at.done, losses, retries: [] },
        epochsDone: (settings.epochs * at.done) / Math.max(at.total, 1),
      },
    ];
  });
