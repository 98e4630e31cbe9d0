import type { DecoderName, DetectorSettings } from './data/detection/decoders';

/** The execution providers of ONNX Runtime that Slimflow uses, by its names. */
export const providerNames = ['cpu', 'cuda', 'webgpu'] as const;
/** Name of an execution provider. */
export type ProviderName = (typeof providerNames)[number];
/**
 * Providers that can be asked for; `auto` is CUDA if its library is installed and a device answers, otherwise the CPU.
 */
export const providerChoices = ['auto', ...providerNames] as const;
/** A provider, or `auto`. */
export type ProviderChoice = (typeof providerChoices)[number];

/** The libraries that Slimflow decomposes and solves with, the fastest first. */
export const backendNames = ['cusolver', 'lapack', 'faer', 'ml-matrix'] as const;
/** Name of a library for linear algebra. */
export type BackendName = (typeof backendNames)[number];
/** Libraries that can be asked for; `auto` is the fastest that is installed. */
export const backendChoices = ['auto', ...backendNames] as const;
/** A library for linear algebra, or `auto`. */
export type BackendChoice = (typeof backendChoices)[number];

/** Rankings of channels: by the sum of their weights' absolutes, by their norm, or by the loss's first-order change. */
export const importanceNames = ['l1', 'l2', 'taylor', 'reconstruction'] as const;
/** Name of a ranking of channels. */
export type ImportanceName = (typeof importanceNames)[number];
/** Ways to turn a target into units for each part: `manual` takes those set by hand, the others are rules. */
export const selectionModes = ['greedy', 'tar', 'optimal', 'manual'] as const;
/** Name of a way to choose units. */
export type SelectionMode = (typeof selectionModes)[number];

/** Techniques that compress a layer. */
export const techniques = ['spatial-svd', 'weight-svd', 'channel-pruning'] as const;
/** Name of a technique. */
export type Technique = (typeof techniques)[number];

/** All that there is to know of a technique without carrying it out; `engine/jobs/compressors.ts` carries it out. */
export interface TechniqueTraits {
  /** Its name for people. */
  readonly words: string;
  /** Prefix of the names of its candidates: `ssvd-0.65`. */
  readonly prefix: string;
  /** Units that it removes from a layer: rank of its weight, or channels, which can also be set by hand. */
  readonly units: 'rank' | 'channels';
}
/** Traits of each technique. */
export const techniqueTraits: Readonly<Record<Technique, TechniqueTraits>> = {
  'spatial-svd': { words: 'spatial SVD', prefix: 'ssvd', units: 'rank' },
  'weight-svd': { words: 'weight SVD', prefix: 'wsvd', units: 'rank' },
  'channel-pruning': { words: 'channel pruning', prefix: 'cp', units: 'channels' },
};

/** Costs that ratios can refer to: multiply-accumulates, elements of initializers, or measured milliseconds. */
export const costs = ['macs', 'params', 'latency'] as const;
/** Name of a cost. */
export type CostName = (typeof costs)[number];
/** Costs as people call them. */
export const costNames: Record<CostName, string> = { macs: 'MACs', params: 'parameters', latency: 'latency' };

/** Judges of a compressed layer: the user's metric, or fidelity to the original's outputs. */
export const scoreNames = ['metric', 'fidelity'] as const;
/** Name of a score. */
export type ScoreName = (typeof scoreNames)[number];

/** The whole shape of the image input, [1, C, H, W], or shapes by input name; the batch first. */
export type InputSize = readonly number[] | Readonly<Record<string, readonly number[]>>;

/**
 * Ranks and channels are multiples of this number if the layer has that many (AIMET's `multiplicity`). `auto` prefers
 * multiples of the block of channels that the processor computes at once, and takes others only as the target needs.
 */
export type Multiplicity = number | 'auto';

/** Settings of layers' compression, and the meaning of their ratios: the same for scoring and for compressing. */
export interface Method {
  readonly technique: Technique;
  readonly cost: CostName;
  readonly score: ScoreName;
  readonly multiplicity: Multiplicity;
  /** Multiplicity `auto`: channels per block; by default those of the provider that compresses. */
  readonly block?: number;
  /** Fewest channels, or lowest rank, that a layer keeps. */
  readonly minimum: number;
  /** Channel pruning: how channels are ranked. */
  readonly importance: ImportanceName;
  /** Channel pruning: prunes channels tied across branches together, or leaves them alone as AIMET does. */
  readonly coupled: boolean;
  /** Names of layers that must stay as they are. */
  readonly ignore: readonly string[];
  /** Sizes of inputs where the model leaves them open. */
  readonly inputSize?: InputSize;
}

/** Settings for turning a target into units for each part. */
export interface Selecting {
  readonly mode: SelectionMode;
  /** Makes scores monotone in the ratio first (AIMET's option). */
  readonly monotonic: boolean;
  /**
   * Ratios by part set by hand, which are kept; mode `manual` allocates the rest as `optimal` does, if a target is
   * given.
   */
  readonly ratios: Readonly<Record<string, number>>;
  /** Channels to remove, by part, set by hand (channel pruning). */
  readonly channels: Readonly<Record<string, readonly number[]>>;
}

/** Libraries and provider of numeric work; `auto` uses the fastest available. */
export interface Machinery {
  readonly threads: number;
  /** ONNX Runtime's execution provider. */
  readonly provider: ProviderChoice;
  /** Library that decomposes matrices. */
  readonly linearAlgebra: BackendChoice;
}

/** Images, and patches per image, used by a least-squares weight reconstruction, and the layers it is for. */
export interface Reconstruction {
  readonly samples: number;
  readonly patches: number;
  readonly seed: number;
  /** True refits decomposed layers as well as pruned ones; by default they are not refitted, as in AIMET. */
  readonly svd?: boolean;
}

/** Metrics that Slimflow computes from a model's first output and labels; higher is better, in points. */
export const metricNames = [
  'top1',
  'top5',
  'pixel-accuracy',
  'mean-iou',
  'mean-average-precision',
  'f1-micro',
  'r2',
  'rmse-score',
  'mae-score',
] as const;
/** Name of a metric. */
export type MetricName = (typeof metricNames)[number];

/**
 * Nearness of a model's outputs to another's on the same samples: 100 · (1 − ‖own − other‖² / ‖other‖²), in points. It
 * needs no labels.
 * @typeParam File a model's file
 */
export interface FidelityMetric<File = string> {
  /** The other model: the original of a run. */
  readonly fidelity: File;
}

/**
 * A metric of a user's own: a class that an ES module exports (see `UserMetric`).
 * @typeParam File the module's file
 */
export interface ModuleMetric<File = string> {
  readonly module: File;
  /** Name that the class is exported by; `default` if left out. */
  readonly export?: string;
}

/** Ways to read boxes from a detector's outputs. */
export const decoderNames = [
  'yolov8',
  'yolov5',
  'yolox',
  'anchors',
  'detr',
  'boxes',
] as const satisfies readonly DecoderName[];

/** COCO's mAP of a detector, with the decoder that reads its boxes. */
export type DetectorMetric = { readonly name: 'coco-map' } & DetectorSettings;

/**
 * A metric that models are judged by.
 * @typeParam File files that it consists of: paths, or artifacts of a store
 */
export type MetricChoice<File = string> =
  MetricName | DetectorMetric | FidelityMetric<File> | ModuleMetric<File>;

/** A Temporal activity of the user's, in any language: a metric, or a training (docs/activities.md). */
export interface UserActivity {
  /** Its name. */
  readonly activity: string;
  /** The task queue that its workers poll. */
  readonly taskQueue: string;
  /** Results are kept under it: raise it when the activity computes something else. */
  readonly version: number;
  /** Longest time that one attempt may take, such as `2h`. */
  readonly timeout?: string;
  /** Longest silence between two heartbeats, such as `1m`; left out, none are expected. */
  readonly heartbeat?: string;
  /** Handed on to the activity as it is. */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** An activity of the user's that is a metric. */
export interface MetricActivity extends UserActivity {
  /** True has layers scored by it too, once for each ratio; otherwise they are scored by fidelity. */
  readonly scores?: boolean;
}

/** Tells if a metric is that of a detector. */
export const isDetection = (
  metric: MetricChoice<unknown> | UserActivity | 'fidelity',
): metric is DetectorMetric => typeof metric === 'object' && 'name' in metric;

/** Tells if a metric is nearness to another model's outputs. */
export const isFidelity = <File>(metric: MetricChoice<File>): metric is FidelityMetric<File> =>
  typeof metric === 'object' && 'fidelity' in metric;

/** Returns what people call a metric. */
export function metricWords(metric: MetricChoice<unknown> | UserActivity | 'fidelity'): string {
  if (typeof metric === 'string') return metric;
  if ('name' in metric) return metric.name;
  if ('fidelity' in metric) return 'fidelity';
  if ('activity' in metric) return metric.activity;
  return metric.export === undefined || metric.export === 'default' ? "the user's metric" : metric.export;
}
