import type { DatasetSource } from '../data/source';
import type { MetricName } from '../data/metric';
import type { Errors } from '../data/metric-rule';
import type { Curve } from '../training/loop/learning-curve';
import type { Provenance } from '../runtime/provenance';
import type { Retry } from '../training/loop/state';
import type { TrainingSettings } from '../training/settings';
import type { JobData } from './open-data';
import type { Machinery, Method, ProviderName, Reconstruction, Selecting, Technique } from '../names';

export type * from '../names';
export type { Errors, Provenance };

/**
 * A job is numeric work for a worker thread: paths and small JSON in, small JSON out, files written where the caller
 * says. The table below is the whole contract between the engine and whoever schedules it (activities, commands).
 */
export interface Jobs {
  analyze: Job<AnalyzeInput, ModelSummary>;
  evaluate: Job<EvaluateInput, Evaluation>;
  scoreLayer: Job<ScoreLayerInput, ScoredPart>;
  compress: Job<CompressInput, Compression>;
  fineTune: Job<FineTuneInput, FineTuning>;
  latency: Job<LatencyInput, Latency>;
}
export interface Job<Input, Output> {
  input: Input;
  output: Output;
}
export type JobName = keyof Jobs;

/** How far a job is; `checkpoint` names a file from which the job can go on (see Checkpointing.resume). */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
  readonly checkpoint?: string;
}

/** Where a job keeps what it has done, and what it goes on from. */
export interface Checkpointing {
  /** Folder for checkpoint files; each is named in a Progress. */
  readonly checkpoints: string;
  readonly checkpointSeconds: number;
  /** A checkpoint file to go on from. */
  readonly resume?: string;
}

export interface AnalyzeInput extends Partial<Omit<Method, 'technique'>> {
  readonly model: string;
  /** When given, the data set's shape and labels are checked against the model as well. */
  readonly data?: readonly DatasetSource[];
  /** The metric that the data's labels are for; top1 by default. */
  readonly metric?: MetricName;
  /** A label that training leaves out, though it is no class. */
  readonly ignoreLabel?: number;
}

/** One Conv, ConvTranspose, Gemm or MatMul with constant weights. */
export interface LayerSummary {
  readonly name: string;
  /** The operator: Conv, Gemm, … */
  readonly kind: string;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  /** [C, H, W] with the batch left out; a dimension that the model leaves open is a string. */
  readonly input: readonly (number | string)[];
  readonly output: readonly (number | string)[];
  readonly macs: number;
  readonly params: number;
  /** The techniques that can change this layer's weights. */
  readonly techniques: readonly Technique[];
}

/** What a technique can compress on its own: a layer, or for channel pruning channels that hang together. */
export interface PartSummary {
  readonly name: string;
  readonly technique: Technique;
  /** The layers whose weights it changes. */
  readonly layers: readonly string[];
  /** The largest rank worth having, or the channels there are. */
  readonly units: number;
}

export interface ModelSummary {
  readonly inputs: readonly { name: string; shape: readonly (number | string)[] }[];
  readonly outputs: readonly { name: string; shape: readonly (number | string)[] }[];
  readonly opset: number;
  readonly macs: number;
  /** Elements of all initializers. */
  readonly params: number;
  readonly layers: readonly LayerSummary[];
  readonly parts: readonly PartSummary[];
  /** Layers that a technique has to leave alone, and why. */
  readonly frozen: readonly Frozen[];
  /** Sentences on what was left alone and why. */
  readonly notes: readonly string[];
}

export interface Frozen {
  readonly name: string;
  readonly technique: Technique;
  readonly why: string;
}

export interface EvaluateInput {
  readonly model: string;
  readonly data: DatasetSource;
  readonly metric: MetricName;
  readonly machinery: Machinery;
  /** By batches. */
  readonly checkpointing?: Checkpointing;
}

export interface Evaluation {
  /** In points, 0..100 for accuracy. */
  readonly value: number;
  readonly samples: number;
  /** Of metrics that compare numbers, in the labels' own unit. */
  readonly errors?: Errors;
}

export interface ScoreLayerInput {
  readonly model: string;
  readonly method: Method;
  /** The part to score, by its name. */
  readonly layer: string;
  /** The ratios of the layer's own cost to try, ascending. */
  readonly candidates: readonly number[];
  readonly evaluate: JobData;
  /** Samples of it that a score is computed on, drawn once for all layers; all of them by default. */
  readonly samples?: number;
  /** Where channel pruning takes its reconstruction samples. */
  readonly train: JobData;
  readonly reconstruction: Reconstruction;
  readonly metric: MetricName;
  readonly machinery: Machinery;
  /** Where to write the layer's factors (its singular vectors and values), a safetensors file. */
  readonly factors?: string;
  /** By batches of the ratios that are tried together. */
  readonly checkpointing?: Checkpointing;
}

export interface LayerScore {
  /** Asked ratio of the layer's cost. */
  readonly ratio: number;
  /** Rank (SVD) or channels (pruning) that it means. */
  readonly units: number;
  /** The metric of the whole model with this layer alone compressed, or its fidelity, in points. */
  readonly score: number;
  /** Squared distance of the model's outputs from the original's, relative to theirs: smooth where scores step. */
  readonly error: number;
}

export interface LayerScores {
  readonly layer: string;
  readonly technique: Technique;
  readonly scores: readonly LayerScore[];
}

/** What the job `scoreLayer` gives: the scores, and what made them. */
export interface ScoredPart extends LayerScores {
  readonly provenance: Provenance;
}

export interface CompressInput {
  /** The model to compress. */
  readonly model: string;
  /** Its SHA-256, for the metadata of what comes out; that of the file by default. */
  readonly parent?: string;
  readonly method: Method;
  readonly selection: Selecting;
  /** Asked cost relative to `model`, 0 < target <= 1; without one, ratios given by hand are all there is. */
  readonly target?: number;
  readonly scores: readonly LayerScores[];
  /** Files that scoreLayer wrote, by layer. */
  readonly factors?: Readonly<Record<string, string>>;
  readonly train: JobData;
  readonly reconstruction: Reconstruction;
  readonly machinery: Machinery;
  /** Compresses layer by layer, with fine-tuning behind each; without it, all layers at once. */
  readonly fineTuneEach?: FineTuneEach;
  /** By refitted layers, where all are compressed at once. */
  readonly checkpointing?: Checkpointing;
  /** Where to write the compressed model. */
  readonly out: string;
}

/** Fine-tuning behind each compressed layer, before the next is compressed; it learns from `train`. */
export interface FineTuneEach extends Checkpointing {
  /** `epochs` may be a fraction: so large a share of the samples is then drawn anew for each layer. */
  readonly settings: FineTuneSettings;
  /** The model that `settings.distillation` learns from; that which is compressed by default. */
  readonly teacher?: string;
}

/** What a compressed part got. */
export interface PartPlan {
  readonly layer: string;
  readonly units: number;
  readonly of: number;
  /** What is left of it: of its cost (MACs for `latency`), or of its channels. */
  readonly ratio: number;
}

export interface Compression {
  /** Cost of the saved graph relative to `model`. */
  readonly achieved: number;
  readonly macs: number;
  readonly params: number;
  readonly plan: readonly PartPlan[];
  /** Set when the target could not be reached: why, and the nearest reachable ratio. */
  readonly shortfall?: string;
  readonly notes: readonly string[];
  /** What it was computed by: the execution provider, and the library for decompositions and solves. */
  readonly computedBy: { readonly provider: string; readonly linearAlgebra: string };
  readonly provenance: Provenance;
}

/** How to train, and what of it to keep. */
export interface FineTuneSettings extends TrainingSettings {
  /** Ends training once so many epochs have brought no better metric on the evaluation data; keeps the best state. */
  readonly earlyStopping?: { readonly patience: number };
  /** Keeps the state of the epoch with the best metric on the evaluation data, rather than the last. */
  readonly keepBest?: boolean;
}

/** Data that judge a model as it trains. */
export interface JudgingData<Data> {
  readonly data: Data;
  readonly metric: MetricName;
}

export interface FineTuneInput extends Checkpointing {
  readonly model: string;
  /** As `CompressInput.parent`. */
  readonly parent?: string;
  readonly data: DatasetSource;
  readonly settings: FineTuneSettings;
  /** The model to learn from, mostly the original; by `settings.distillation`, or its defaults where that is not set. */
  readonly teacher?: string;
  /** Whether training begins with new weights, drawn by the seed, rather than the model's own. */
  readonly fromScratch?: boolean;
  /** What earlyStopping and keepBest judge by; given where one of them is set. */
  readonly evaluate?: JudgingData<DatasetSource>;
  readonly threads: number;
  /** The execution provider to train on; `cpu` by default. */
  readonly provider?: ProviderName;
  /** Where to write the tuned model. */
  readonly out: string;
  /** Whether the curve is wanted: two numbers a step. */
  readonly curve?: boolean;
}

export interface FineTuning {
  readonly steps: number;
  /** Step at which this call began: 0, or that of the checkpoint. */
  readonly resumedAt: number;
  /** Mean loss of each epoch. */
  readonly losses: readonly number[];
  /** Where it was asked for. */
  readonly curve?: Curve;
  /** Returns to an earlier state with a lower learning rate, after the loss diverged. */
  readonly retries: readonly Retry[];
  /** Where the model was judged: the metric after each epoch, 0 being the model as given, and the epoch that was kept. */
  readonly evaluations?: readonly { readonly epoch: number; readonly value: number }[];
  readonly best?: { readonly epoch: number; readonly value: number };
  /** Sentences on what went otherwise than asked for. */
  readonly notes: readonly string[];
  readonly provenance: Provenance;
}

export interface LatencyInput {
  readonly models: readonly string[];
  readonly inputSize?: readonly number[];
  readonly machinery: Machinery;
  /** Timed runs of each model, in turn. */
  readonly runs: number;
}

export interface Latency {
  /** Median ms of a batch of 1, in the order of `models`. */
  readonly ms: readonly number[];
  /** What they were measured on. */
  readonly provenance: Provenance;
}
