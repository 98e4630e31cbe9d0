import type { Client } from '@temporalio/client';

import type {
  CompressedModel,
  FineTunedModel,
  FineTuneRequest,
  LayerScoring,
  ScoreLayerRequest,
} from '../contract/activities';
import type { GuidebookInput, ScoringInput } from '../contract/run';
import type { LayerScores } from '../engine/jobs/types';
import type { Technique } from '../engine/names';
import { isArtifactRef, type ArtifactRef } from '../store/artifact';
import { type Child, historyOf, type Piece, type WorkflowRecord } from './read-history';

/** A candidate's fine-tuning. */
export interface TrainingRecord {
  readonly candidate: string;
  readonly settings: FineTuneRequest['settings'];
  readonly outcome: Pick<FineTunedModel, 'steps' | 'losses' | 'evaluations' | 'retries'>;
  /** Epochs done so far, of one that has not ended. */
  readonly epochsDone?: number;
}

/** The eval scores of a model: where they are in the store. */
export interface ScoresRecord {
  /** `original`, or the id of a candidate. */
  readonly of: string;
  readonly technique: Technique;
  readonly artifact: ArtifactRef;
}

/** The costs of a candidate as compressed. */
export interface CostsRecord {
  readonly candidate: string;
  readonly macs: number;
  readonly params: number;
  readonly bytes: number;
}

/** Facts that the histories of a run hold beyond its result or progress. Times are in ms since 1970. */
export interface RunRecord {
  readonly input: GuidebookInput;
  readonly startedAt: number;
  /** When the history was read, if the run has not ended. */
  readonly endedAt: number;
  /** In the order in which they began. */
  readonly pieces: readonly Piece[];
  readonly scores: readonly ScoresRecord[];
  /** The eval scores so far of models whose scoring has not ended. */
  readonly scoring: readonly { readonly of: string; readonly layers: readonly LayerScores[] }[];
  readonly costs: readonly CostsRecord[];
  readonly trainings: readonly TrainingRecord[];
  /** Number of samples of the evaluation split. */
  readonly samples?: number;
}

/** Number of candidates whose histories are fetched at a time. */
const atATime = 8;

/**
 * Reads what the histories of a run say beyond its result: times, attempts, workers, losses and where scores are. The
 * history of a model's scoring is read only until that has ended: it grows with the model, and its parent's has the
 * artifact.
 * @throws Error if the server does not have the run any more, or its payloads can't be read here
 */
export const runRecord = (client: Client, workflowId: string, runId: string): Promise<RunRecord> =>
  new RunReader(client, workflowId).read(runId);

/** Reads the histories of a run again and again while it runs; those that have ended are read once. */
export class RunReader {
  /** Histories of candidates that have ended, by the id of their execution. */
  private readonly ended = new Map<string, WorkflowRecord>();

  constructor(
    private readonly client: Client,
    private readonly workflowId: string,
  ) {}

  /** Reads them as they are now. @throws as `runRecord` does */
  async read(runId: string): Promise<RunRecord> {
    const run = await historyOf(this.client, this.workflowId, runId);
    const pieces = run.activities.map(({ piece }) => piece);
    const scores: ScoresRecord[] = [];
    const scoring: RunRecord['scoring'][number][] = [];
    const made: Child[] = [];
    for (const child of run.children) {
      if (child.type === 'candidate') made.push(child);
      if (child.type !== 'scoreModel' || (child.endedAt === undefined && run.isOver)) continue;
      const { of, technique } = child.input as ScoringInput;
      pieces.push({ ...span(child, run), of, activity: 'scoreModel', attempts: 1, summary: child.summary });
      if (isArtifactRef(child.result)) scores.push({ of, technique, artifact: child.result });
      else if (child.endedAt === undefined)
        scoring.push({ of, layers: scoredLayers(await this.child(child.workflowId)) });
    }
    const trainings: TrainingRecord[] = [];
    const costs: CostsRecord[] = [];
    for (let at = 0; at < made.length; at += atATime)
      await Promise.all(
        made.slice(at, at + atATime).map(async (child) => {
          const candidate = child.workflowId.slice(this.workflowId.length + 1);
          const own = await this.child(child.workflowId, child.runId);
          for (const { piece, request, result } of own?.activities ?? []) {
            pieces.push({ ...piece, of: candidate });
            if (!result) continue;
            if (piece.activity === 'compress') {
              const { macs, params, model } = result as CompressedModel;
              costs.push({ candidate, macs, params, bytes: model.bytes });
            }
            if (piece.activity !== 'fineTune') continue;
            const { settings } = request as FineTuneRequest;
            const { model: _model, ...outcome } = result as FineTunedModel;
            trainings.push({ candidate, settings, outcome });
          }
        }),
      );
    const evaluation = run.activities.find(({ piece, result }) => piece.activity === 'evaluate' && result);
    return {
      input: run.input as GuidebookInput,
      startedAt: run.startedAt,
      endedAt: run.endedAt,
      pieces: pieces.toSorted((one, other) => one.startedAt - other.startedAt),
      scores,
      scoring,
      costs,
      trainings,
      samples: (evaluation?.result as { samples?: number } | undefined)?.samples,
    };
  }

  /** Reads the history of a child; undefined if the server does not have it any more. */
  private async child(workflowId: string, runId?: string): Promise<WorkflowRecord | undefined> {
    const known = runId === undefined ? undefined : this.ended.get(runId);
    if (known) return known;
    const record = await historyOf(this.client, workflowId, runId).catch(() => undefined);
    if (record?.isOver && runId !== undefined) this.ended.set(runId, record);
    return record;
  }
}

/** Returns the scores in a history of a model's scoring. */
const scoredLayers = (scoring: WorkflowRecord | undefined): LayerScores[] =>
  (scoring?.activities ?? []).flatMap(({ piece, request, result }) => {
    if (piece.activity !== 'scoreLayer' || !result) return [];
    const { layer, method } = request as ScoreLayerRequest;
    return [{ layer, technique: method.technique, scores: (result as LayerScoring).scores }];
  });

const span = ({ startedAt, endedAt, outcome }: Child, run: WorkflowRecord) => ({
  startedAt,
  endedAt: endedAt ?? run.endedAt,
  outcome: endedAt === undefined ? ('running' as const) : outcome,
});
