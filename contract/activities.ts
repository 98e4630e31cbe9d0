import type { DatasetSource } from '../engine/data/source';
import type {
  MetricActivity,
  UserActivity,
  InputSize,
  Machinery,
  Method,
  MetricChoice,
  Reconstruction,
  Selecting,
  Technique,
} from '../engine/names';
import type {
  Compression,
  Evaluation,
  FineTuneSettings,
  FineTuning,
  JudgingData,
  Latency,
  LayerScores,
  ModelSummary,
  ScoredPart,
} from '../engine/jobs/types';
import type { EvaluationQuestion, TrainingQuestion } from '../run-spec/activity-contract';
import type { ArtifactRef } from '../store/artifact';
import type { CompressionSettings, CompressionSpec } from '../run-spec/spec';
import type { RunRehearsal } from './rehearsal';

/** A split of a data set whose files are in the store. */
export interface DataRef extends Pick<DatasetSource, 'range' | 'normalize' | 'layout' | 'unknown'> {
  readonly images: ArtifactRef;
  readonly labels?: ArtifactRef;
  /** Files for further inputs of the model, by the inputs' names. */
  readonly inputs?: Readonly<Record<string, ArtifactRef>>;
}

/** The splits of a run. */
export interface DataRefs {
  readonly train: DataRef;
  readonly evaluate: DataRef;
  readonly test: DataRef;
}

/** Request to import the files that a spec names. */
export interface ImportRequest {
  /** A spec whose paths are those of the worker, or addresses (`s3://…`, `https://…`). */
  readonly spec: CompressionSpec;
  /** The run that asks: another run finds files as they are then. */
  readonly run: string;
}

/** Beginning of a run: its files in the store, and its settings. */
export interface ImportedSpec {
  /** A name for people. */
  readonly name: string;
  readonly model: ArtifactRef;
  readonly data: DataRefs;
  readonly settings: CompressionSettings;
}

export interface AnalyzeRequest extends Partial<Omit<Method, 'technique'>> {
  readonly model: ArtifactRef;
  /** Work that the run will do with the model, to be tried on two samples. */
  readonly rehearsal?: RehearsalRequest;
}

/** Work to be tried before a run begins, with files in the store. */
export type RehearsalRequest = RunRehearsal<DataRef, ArtifactRef>;

/** Machinery of a piece of work; the worker knows its number of threads. */
export type Compute = Omit<Machinery, 'threads'>;

/** The part of a model's analysis that a workflow needs. */
export interface Analysis {
  readonly macs: number;
  readonly params: number;
  /** Number of parts that each technique can compress. */
  readonly layers: Readonly<Record<Technique, number>>;
  /** Their names: a JSON artifact of `Part[]`, since a model may have more of them than a payload holds. */
  readonly parts: ArtifactRef;
  /** Channels that the CPU of whoever analyzed it computes at once, for multiplicity `auto`. */
  readonly block?: number;
  readonly notes: ModelSummary['notes'];
}

/** A part that a technique can compress separately, by name. */
export interface Part {
  readonly name: string;
  readonly technique: Technique;
}

export interface ListPartsRequest {
  /** Result of analyze. */
  readonly parts: ArtifactRef;
  readonly technique: Technique;
  /** Parts of the technique to leave out from the beginning. */
  readonly from: number;
  /** Names to give, at most. */
  readonly most: number;
}

export interface EvaluateRequest {
  readonly model: ArtifactRef;
  readonly data: DataRef;
  readonly metric: MetricChoice<ArtifactRef>;
  readonly compute: Compute;
}

/** Request to have a model judged by an activity of the user's. */
export interface LendRequest {
  readonly model: ArtifactRef;
  readonly data: DataRef;
  readonly metric: MetricActivity;
}

/** Question to an activity of the user's, or its answer from before. */
export interface Lent {
  /** The answer to the same question, if it was asked before. */
  readonly known?: Evaluation;
  /** The question, if not. */
  readonly question?: EvaluationQuestion;
}

/** An answer to be checked and kept. */
export interface KeepAnswerRequest extends LendRequest {
  readonly answer: unknown;
}

/** Request to have a model trained by an activity of the user's. */
export interface LendTrainingRequest {
  readonly model: ArtifactRef;
  /** The original model. */
  readonly teacher: ArtifactRef;
  readonly data: DataRef;
  readonly by: UserActivity;
}

/** Question to such an activity, or its result from before. */
export interface LentTraining {
  readonly known?: FineTunedModel;
  readonly question?: TrainingQuestion;
}

/** An answer to be checked, with the model that it is about, and kept. */
export interface KeepTrainingRequest extends LendTrainingRequest {
  readonly answer: unknown;
}

/** Request for one layer's eval scores. */
export interface ScoreLayerRequest {
  readonly model: ArtifactRef;
  readonly method: Method;
  /** The part to score. */
  readonly layer: string;
  readonly candidates: readonly number[];
  readonly evaluate: DataRef;
  /** Images of it that a score is computed on. */
  readonly samples: number;
  readonly train: DataRef;
  readonly reconstruction: Reconstruction;
  readonly metric: MetricChoice<ArtifactRef>;
  readonly compute: Compute;
}

export interface LayerScoring {
  readonly scores: LayerScores['scores'];
  /** The scores as a JSON artifact (ScoredLayer), for collectScores. */
  readonly artifact: ArtifactRef;
  /** Decompositions: the layer's factors, a safetensors file. */
  readonly factors?: ArtifactRef;
}

/** One layer in the artifact that scoreLayer writes, and in the list that collectScores writes. */
export interface ScoredLayer extends ScoredPart {
  readonly factors?: ArtifactRef;
}

/** Request for models with one layer compressed, for an activity of the user's to judge. */
export interface TrialModelsRequest extends Pick<
  ScoreLayerRequest,
  'model' | 'method' | 'layer' | 'train' | 'reconstruction' | 'compute'
> {
  /** The artifact that scoreLayer gave for the layer. */
  readonly scored: ArtifactRef;
}

/** A model with one layer compressed to some units. */
export interface TrialModel {
  readonly units: number;
  readonly model: ArtifactRef;
}

/** Points that an activity of the user's gave such models. */
export interface KeepScoresRequest {
  /** The artifact that scoreLayer gave for the layer. */
  readonly scored: ArtifactRef;
  readonly points: readonly { readonly units: number; readonly points: number }[];
}

export interface CollectScoresRequest {
  /** The layers collected before these: what collectScores gave. */
  readonly before?: ArtifactRef;
  readonly layers: readonly ArtifactRef[];
}

export interface CompressRequest {
  readonly model: ArtifactRef;
  readonly method: Method;
  readonly selection: Selecting;
  /** Asked cost relative to `model`. */
  readonly target: number;
  /** Result of collectScores. */
  readonly scores: ArtifactRef;
  readonly train: DataRef;
  readonly reconstruction: Reconstruction;
  readonly compute: Compute;
  /** Fine-tuning after each compressed layer; `epochs` may be a fraction. None if left out. */
  readonly fineTuneEach?: FineTuneSettings;
  /** Teacher of `fineTuneEach.distillation`; left out if that is not set. */
  readonly teacher?: ArtifactRef;
}

/** A compressed model in the store, and its figures. */
export interface CompressedModel extends Omit<Compression, 'plan' | 'multiplicity'> {
  readonly model: ArtifactRef;
  /** Missing from histories that were recorded before there was a choice. */
  readonly multiplicity?: number;
}

export interface FineTuneRequest {
  readonly model: ArtifactRef;
  readonly data: DataRef;
  readonly settings: FineTuneSettings;
  readonly compute: Compute;
  /** Data for earlyStopping and keepBest; left out if neither is set. */
  readonly evaluate?: JudgingData<DataRef, ArtifactRef>;
  /** Teacher of `settings.distillation`; left out if that is not set. */
  readonly teacher?: ArtifactRef;
}

/** A trained model in the store, and how its training went. */
export interface FineTunedModel extends FineTuning {
  readonly model: ArtifactRef;
  /** Elements of its initializers, if somebody else trained it: a training may fold some. */
  readonly params?: number;
}

export interface LatencyRequest {
  readonly models: readonly ArtifactRef[];
  readonly inputSize?: InputSize;
  readonly compute: Compute;
  readonly runs: number;
  /** Task queue of the machine to time on; by default that of the workflow. */
  readonly taskQueue?: string;
  /** Samples in a batch; 1 by default. */
  readonly batch?: number;
  /** Threads; by default those of the worker's jobs. */
  readonly threads?: number;
}

/** The activities by name: what a workflow may ask of a Slimflow worker. */
export interface Activities {
  /** The input of a run, from a spec whose files are read as they are now. */
  importSpec(request: ImportRequest): Promise<ImportedSpec>;
  /** MACs, parameters and compressible layers of a model. */
  analyze(request: AnalyzeRequest): Promise<Analysis>;
  /** Names of the parts that a technique can compress, in the model's order: a page of them, one at least. */
  listParts(request: ListPartsRequest): Promise<readonly string[]>;
  /** The metric of a model on a split; resumes at its last checkpoint when retried. */
  evaluate(request: EvaluateRequest): Promise<Evaluation>;
  /** Question to an activity of the user's that judges a model, with files that it can read; or its answer from before. */
  lend(request: LendRequest): Promise<Lent>;
  /** The answer of such an activity, checked, and kept for whoever asks the same. */
  keepAnswer(request: KeepAnswerRequest): Promise<Evaluation>;
  /** Question to an activity of the user's that trains a model, with a place for what it makes; or its result from before. */
  lendTraining(request: LendTrainingRequest): Promise<LentTraining>;
  /** The model that such an activity made: checked, counted again, and kept. */
  keepTraining(request: KeepTrainingRequest): Promise<FineTunedModel>;
  /**
   * The metric with one layer compressed, for each candidate ratio; its factors too if it is decomposed. Resumes
   * at its last checkpoint when retried.
   */
  scoreLayer(request: ScoreLayerRequest): Promise<LayerScoring>;
  /** Models with one layer compressed, one for each number of units that it was scored with. */
  trialModels(request: TrialModelsRequest): Promise<readonly TrialModel[]>;
  /** One layer's scores, with the points that somebody else gave in place of those that were computed. */
  keepScores(request: KeepScoresRequest): Promise<ArtifactRef>;
  /** One artifact of many layers' scores, in the order given. */
  collectScores(request: CollectScoresRequest): Promise<ArtifactRef>;
  /** A model compressed to a target; resumes at its last checkpoint when retried. */
  compress(request: CompressRequest): Promise<CompressedModel>;
  /** A model trained further; resumes at its last checkpoint when retried. */
  fineTune(request: FineTuneRequest): Promise<FineTunedModel>;
  /** Measures the latency of models in turn. */
  latency(request: LatencyRequest): Promise<Latency>;
}

/** Work to be done again since the store lost what came out of it: an element of the first detail of such a failure. */
export interface Lost {
  /** The key of the work. */
  readonly key: string;
  readonly activity: string;
  readonly request: unknown;
}

/** Counts what went wrong with a piece of work since it last made progress, over all its attempts and workers. */
export interface Setbacks {
  /** Native code crashed, and took the job's process with it. */
  readonly crashed: number;
  /** It made no progress for far longer than it takes. */
  readonly stalled: number;
  /** Its memory ran out. */
  readonly outOfMemory: number;
  /** Its worker ended without a word. */
  readonly lost: number;
}
export type Setback = keyof Setbacks;

/** Details of a heartbeat. */
export interface HeartbeatDetails {
  readonly done: number;
  readonly total: number;
  readonly note: string;
  /** Of training: mean losses of equal stretches of the steps so far, at most 60. */
  readonly losses?: readonly number[];
  readonly checkpoint?: ArtifactRef;
  /** Seconds to the end at the pace of this attempt. */
  readonly secondsLeft?: number;
  /** Setbacks since the work last made progress; left out if there were none. */
  readonly setbacks?: Setbacks;
  /** The digest of the checkpoint at the last setback. */
  readonly since?: string;
  /** True if the attempt ended normally. */
  readonly over?: boolean;
}
