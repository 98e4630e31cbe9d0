import type { DatasetSource } from '../data/source';
import type { UserData } from '../data/sources/user-data';
import type { Details } from '../data/judge';
import type { Errors } from '../data/metric-rule';
import type { Curve } from '../training/loop/learning-curve';
import type { LayerTimes } from '../runtime/layer-times';
import type { Provenance } from '../runtime/provenance';
import type { Speed } from '../runtime/timing';
import type { Retry } from '../training/loop/state';
import type { TrainingSettings } from '../training/settings';
import type { OtherWork } from '../onnx/other-work';
import type { JobData, RandomInputs } from './open-data';
import type {
  CostName,
  InputSize,
  Machinery,
  Method,
  MetricChoice,
  ProviderChoice,
  Reconstruction,
  Selecting,
  Technique,
} from '../names';

export type * from '../names';
export type { Details, Errors, LayerTimes, Provenance, Speed };

/**
 * All jobs. A job is numeric work for a worker thread: paths and small JSON in, small JSON out, files written where the
 * caller says. This table is the whole contract between the engine and whoever schedules it (activities, commands).
 */
export interface Jobs {
  analyze: Job<AnalyzeInput, ModelSummary>;
  evaluate: Job<EvaluateInput, Evaluation>;
  scoreLayer: Job<ScoreLayerInput, ScoredPart>;
  trialModels: Job<TrialModelsInput, TrialModels>;
  compress: Job<CompressInput, Compression>;
  fineTune: Job<FineTuneInput, FineTuning>;
  latency: Job<LatencyInput, Latency>;
  predict: Job<PredictInput, Predictions>;
  gather: Job<GatherInput, Gathered>;
  timeLayers: Job<TimeLayersInput, readonly LayerTimes[]>;
}
/** Input and output of a job. */
export interface Job<Input, Output> {
  input: Input;
  output: Output;
}
/** Name of a job. */
export type JobName = keyof Jobs;

/** Progress of a job; `checkpoint` names a file from which it can be resumed (see Checkpointing.resume). */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly note: string;
  /** Of training: mean losses of equal stretches of the steps so far, at most 60. */
  readonly losses?: readonly number[];
  readonly checkpoint?: string;
  /** Most seconds of processor time that what begins now may take, up to the next report: then its process is ended. */
  readonly within?: number;
}

/** Location of a job's checkpoints, and the one to resume from. */
export interface Checkpointing {
  /** Folder for checkpoint files; each is named in a Progress. */
  readonly checkpoints: string;
  readonly checkpointSeconds: number;
  /** Checkpoint file to resume from. */
  readonly resume?: string;
}

/** A ratio that will be asked for, and how. */
export interface Goal {
  readonly target: number;
  /** Distance above the target that is close enough. */
  readonly closeness: number;
  readonly cost: CostName;
  readonly techniques: readonly Technique[];
}

/**
 * Work that will be done with a model, to be tried on two samples before anything long begins.
 * @typeParam Data a split
 * @typeParam Model a model's file
 */
export interface Rehearsal<Data = DatasetSource, Model = string> {
  readonly machinery: Machinery;
  /** Data that layers are scored and compressed on. */
  readonly runs: readonly (Data | RandomInputs)[];
  /** Splits that models are evaluated on. */
  readonly judged?: { readonly data: readonly Data[]; readonly metric: MetricChoice<Model> };
  readonly fineTune?: {
    readonly data: Data;
    readonly settings: TrainingSettings;
    /** Model to learn from. */
    readonly teacher?: Model;
  };
  /** True if channels will be ranked by gradients (importance `taylor`). */
  readonly gradients?: boolean;
  /** True if latencies will be measured. */
  readonly latency?: boolean;
  /** Samples in a batch when they are; 1 by default. */
  readonly batch?: number;
  /** The cost that the model will be compressed to. */
  readonly goal?: Goal;
}

/** Input of `gather`. */
export interface GatherInput {
  readonly model: string;
  /** Splits to turn into arrays; left out, the model is only asked which files hold its weights. */
  readonly data?: Readonly<Record<string, UserData>>;
}

/** Files that a run begins with. */
export interface Gathered {
  /** Names that the model has for the files with its weights, relative to its folder; none if data were asked for. */
  readonly weights: readonly string[];
  /** The model's own file, then those with its weights; none if no data were asked for, as they may not be there yet. */
  readonly files: readonly string[];
  /** The splits as arrays. */
  readonly data: Readonly<Record<string, DatasetSource>>;
}

/** Input of `analyze`. */
export interface AnalyzeInput extends Partial<Omit<Method, 'technique'>> {
  readonly model: string;
  /** Data sets whose shape and labels are checked against the model too. */
  readonly data?: readonly DatasetSource[];
  /** Data whose images size what the model leaves open, if `inputSize` does not; the first of `data` by default. */
  readonly images?: DatasetSource;
  /** Metric that the data's labels are for; top1 by default. */
  readonly metric?: MetricChoice;
  /** A label that training ignores, though it is not a class. */
  readonly ignoreLabel?: number;
  /** Tries what will be done with the model. */
  readonly rehearsal?: Rehearsal;
}

/** One Conv, ConvTranspose, Gemm or MatMul with constant weights. */
export interface LayerSummary {
  readonly name: string;
  /** The operator: Conv, Gemm, … */
  readonly kind: string;
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  /** [C, H, W] without the batch; a dimension that the model leaves open is a string. */
  readonly input: readonly (number | string)[];
  readonly output: readonly (number | string)[];
  readonly macs: number;
  readonly params: number;
  /** Techniques that can change this layer's weights. */
  readonly techniques: readonly Technique[];
}

/**
 * A part that a technique can compress separately: a layer or, for channel pruning, channels that are tied together.
 */
export interface PartSummary {
  readonly name: string;
  readonly technique: Technique;
  /** Layers whose weights it changes. */
  readonly layers: readonly string[];
  /** Largest useful rank, or the number of channels. */
  readonly units: number;
}

/** Description of a model. */
export interface ModelSummary {
  readonly inputs: readonly { name: string; shape: readonly (number | string)[] }[];
  readonly outputs: readonly { name: string; shape: readonly (number | string)[] }[];
  readonly opset: number;
  readonly macs: number;
  /** Elements of all initializers. */
  readonly params: number;
  readonly layers: readonly LayerSummary[];
  readonly parts: readonly PartSummary[];
  /** Layers that a technique must leave alone, and why. */
  readonly frozen: readonly Frozen[];
  /** Work that is not in `macs`, and that nothing takes away. */
  readonly otherWork: readonly OtherWork[];
  /** Sizes that inputs left open were given by the images of `data`. */
  readonly inputSize?: InputSize;
  /** Channels that this machine's CPU computes at once; set if multiplicity is `auto` and work was rehearsed. */
  readonly block?: number;
  /** Sentences about what was left alone and why. */
  readonly notes: readonly string[];
}

/** A layer that a technique must leave alone. */
export interface Frozen {
  readonly name: string;
  readonly technique: Technique;
  readonly why: string;
}

/** Input of `evaluate`. */
export interface EvaluateInput {
  readonly model: string;
  readonly data: DatasetSource;
  readonly metric: MetricChoice;
  readonly machinery: Machinery;
  /** Checkpoints by batches. */
  readonly checkpointing?: Checkpointing;
}

/** Result of `evaluate`. */
export interface Evaluation {
  /** In points, 0..100 for accuracy. */
  readonly value: number;
  readonly samples: number;
  /**
   * Standard error of the value over samples like these, in points; left out for metrics that are not made of what each
   * sample contributes (mean-iou, mean-average-precision).
   */
  readonly standardError?: number;
  /** For metrics that compare numbers, in the labels' own unit. */
  readonly errors?: Errors;
  /** Further figures of the metric. */
  readonly details?: Details;
}

/** Input of `scoreLayer`. */
export interface ScoreLayerInput {
  readonly model: string;
  readonly method: Method;
  /** Name of the part to score. */
  readonly layer: string;
  /** Ratios of the layer's own cost to try, ascending. */
  readonly candidates: readonly number[];
  readonly evaluate: JobData;
  /** Samples per score, drawn once for all layers; all of them by default. */
  readonly samples?: number;
  /** Source of channel pruning's reconstruction samples. */
  readonly train: JobData;
  readonly reconstruction: Reconstruction;
  readonly metric: MetricChoice;
  readonly machinery: Machinery;
  /** Path for the layer's factors (its singular vectors and values), a safetensors file. */
  readonly factors?: string;
  /** Checkpoints by batches of the ratios that are tried together. */
  readonly checkpointing?: Checkpointing;
}

/** Input of `trialModels`. */
export interface TrialModelsInput extends Pick<
  ScoreLayerInput,
  'model' | 'method' | 'layer' | 'train' | 'reconstruction' | 'machinery'
> {
  /** Units to compress the part to. */
  readonly units: readonly number[];
  /** Files of factors by the names of their parts, as `scoreLayer` wrote them. */
  readonly factors?: Readonly<Record<string, string>>;
  /** Folder that the models are written to. */
  readonly folder: string;
}

/** Models with a single part compressed. */
export interface TrialModels {
  /** Their paths, in the order of the units. */
  readonly files: readonly string[];
  readonly provenance: Provenance;
}

/** Score of one candidate ratio. */
export interface LayerScore {
  /** Requested ratio of the layer's cost. */
  readonly ratio: number;
  /** Rank (SVD) or channels (pruning) that it corresponds to. */
  readonly units: number;
  /** The metric of the whole model with only this layer compressed, or its fidelity, in points. */
  readonly score: number;
  /**
   * Squared distance of the model's outputs from the original's, relative to theirs: smooth where scores come in steps.
   */
  readonly error: number;
}

/** Scores of one layer. */
export interface LayerScores {
  readonly layer: string;
  readonly technique: Technique;
  readonly scores: readonly LayerScore[];
}

/** Result of `scoreLayer`: the scores, and what made them. */
export interface ScoredPart extends LayerScores {
  readonly provenance: Provenance;
}

/** Input of `compress`. */
export interface CompressInput {
  /** The model to compress. */
  readonly model: string;
  /** Its SHA-256, for the metadata of the result; that of the file by default. */
  readonly parent?: string;
  readonly method: Method;
  readonly selection: Selecting;
  /** Requested cost relative to `model`, 0 < target <= 1; without one, only ratios set by hand count. */
  readonly target?: number;
  readonly scores: readonly LayerScores[];
  /** Files that scoreLayer wrote, by layer. */
  readonly factors?: Readonly<Record<string, string>>;
  readonly train: JobData;
  readonly reconstruction: Reconstruction;
  readonly machinery: Machinery;
  /** Compresses layer by layer, with fine-tuning after each; without it, all layers at once. */
  readonly fineTuneEach?: FineTuneEach;
  /** Checkpoints by refitted layers, if all are compressed at once. */
  readonly checkpointing?: Checkpointing;
  /** Path for the compressed model. */
  readonly out: string;
}

/** Fine-tuning after each compressed layer, before the next is compressed; it learns from `train`. */
export interface FineTuneEach extends Checkpointing {
  /** `epochs` may be a fraction: that share of the samples is then drawn again for each layer. */
  readonly settings: FineTuneSettings;
  /** Model that `settings.distillation` learns from; by default the one being compressed. */
  readonly teacher?: string;
}

/** Units of a compressed part. */
export interface PartPlan {
  readonly layer: string;
  readonly units: number;
  readonly of: number;
  /** Remaining share of its cost (MACs for `latency`), or of its channels. */
  readonly ratio: number;
}

/** Result of `compress`. */
export interface Compression {
  /** Cost of the saved graph relative to `model`. */
  readonly achieved: number;
  readonly macs: number;
  readonly params: number;
  readonly plan: readonly PartPlan[];
  /**
   * Number of which ranks and channels are multiples: with `auto`, the coarsest that met the target; single layers may
   * have left it to come nearer.
   */
  readonly multiplicity: number;
  /** Set if the target could not be reached: why, and the nearest reachable ratio. */
  readonly shortfall?: string;
  readonly notes: readonly string[];
  /** The execution provider, and the library for decompositions and solves. */
  readonly computedBy: { readonly provider: string; readonly linearAlgebra: string };
  readonly provenance: Provenance;
  /** For cost `latency`: speed of the saved graph beside `model`, as measured for `achieved`. */
  readonly speed?: Speed;
}

/** Settings of a training, and what of it to keep. */
export interface FineTuneSettings extends TrainingSettings {
  /** Ends training after this many epochs without a better metric on the evaluation data; keeps the best state. */
  readonly earlyStopping?: { readonly patience: number };
  /** Keeps the state of the epoch with the best metric on the evaluation data, rather than the last. */
  readonly keepBest?: boolean;
}

/** Data that judge a model during training. */
export interface JudgingData<Data, File = string> {
  readonly data: Data;
  readonly metric: MetricChoice<File>;
}

/** Input of `fineTune`. */
export interface FineTuneInput extends Checkpointing {
  readonly model: string;
  /** As `CompressInput.parent`. */
  readonly parent?: string;
  readonly data: DatasetSource;
  readonly settings: FineTuneSettings;
  /** Model to learn from, usually the original; by `settings.distillation`, or its defaults if that is not set. */
  readonly teacher?: string;
  /** Starts training with new weights, drawn by the seed, rather than the model's own. */
  readonly fromScratch?: boolean;
  /** Data for earlyStopping and keepBest; given if one of them is set. */
  readonly evaluate?: JudgingData<DatasetSource>;
  readonly threads: number;
  /** Execution provider to train on; `cpu` by default. */
  readonly provider?: ProviderChoice;
  /** Path for the tuned model. */
  readonly out: string;
  /** Requests the curve: two numbers per step. */
  readonly curve?: boolean;
}

/** Result of `fineTune`. */
export interface FineTuning {
  readonly steps: number;
  /** Step at which this call started: 0, or that of the checkpoint. */
  readonly resumedAt: number;
  /** Mean loss of each epoch. */
  readonly losses: readonly number[];
  /** Set if requested. */
  readonly curve?: Curve;
  /** Returns to an earlier state with a lower learning rate, after the loss diverged. */
  readonly retries: readonly Retry[];
  /** Set if the model was judged: the metric after each epoch, 0 being the given model, and the epoch that was kept. */
  readonly evaluations?: readonly { readonly epoch: number; readonly value: number }[];
  readonly best?: { readonly epoch: number; readonly value: number };
  /** Sentences about what differed from the request. */
  readonly notes: readonly string[];
  readonly provenance: Provenance;
}

/** Input of `latency`. */
export interface LatencyInput {
  readonly models: readonly string[];
  readonly inputSize?: InputSize;
  readonly machinery: Machinery;
  /** Timed runs of each model, in turn. */
  readonly runs: number;
  /** Samples in a batch; 1 by default. */
  readonly batch?: number;
}

/** Result of `latency`. */
export interface Latency {
  /** Median ms of a batch, in the order of `models`. */
  readonly ms: readonly number[];
  /** Speed of each beside the first. */
  readonly speeds?: readonly Speed[];
  /** The machine they were measured on, and how. */
  readonly provenance: Provenance;
  readonly threads?: number;
  readonly batch?: number;
}

/** Input of `predict`. */
export interface PredictInput {
  readonly models: readonly string[];
  /** Samples with one class number each. */
  readonly data: DatasetSource;
  /** Maximum number of samples; from a larger split they are drawn, always the same ones. */
  readonly samples: number;
  readonly machinery: Machinery;
}

/** Result of `predict`: lists with an element for each sample. */
export interface Predictions {
  /** Rows of the samples within the split. */
  readonly rows: readonly number[];
  /** Number of samples that the split has. */
  readonly of: number;
  readonly labels: readonly number[];
  /** In the order of the input's models: the class with the highest score, and its share by softmax (0 … 1). */
  readonly models: readonly { readonly classes: readonly number[]; readonly sureness: readonly number[] }[];
}

/** Input of `timeLayers`. */
export interface TimeLayersInput {
  readonly models: readonly string[];
  readonly inputSize?: InputSize;
  readonly machinery: Machinery;
  /** Timed runs of each model. */
  readonly runs: number;
}
