export const providerNames = ['auto', 'cpu', 'cuda', 'webgpu'] as const;
export type ProviderName = (typeof providerNames)[number];
export const backendNames = ['auto', 'cusolver', 'lapack', 'ml-matrix'] as const;
export type BackendName = (typeof backendNames)[number];
export const importanceNames = ['l1', 'l2', 'taylor'] as const;
export type ImportanceName = (typeof importanceNames)[number];
export const selectNames = ['greedy', 'tar', 'optimal', 'manual'] as const;
export type SelectName = (typeof selectNames)[number];

export const techniques = ['spatial-svd', 'weight-svd', 'channel-pruning'] as const;
export type Technique = (typeof techniques)[number];

/** All that there is to know of a technique without carrying it out; `engine/jobs/compressors.ts` carries it out. */
export interface TechniqueTraits {
  /** What people call it. */
  readonly words: string;
  /** How the names of candidates that it makes begin: `ssvd-0.65`. */
  readonly prefix: string;
  /** What is less of a layer afterwards: the rank of its weight, or channels, which can be given by hand too. */
  readonly units: 'rank' | 'channels';
}
export const techniqueTraits: Readonly<Record<Technique, TechniqueTraits>> = {
  'spatial-svd': { words: 'spatial SVD', prefix: 'ssvd', units: 'rank' },
  'weight-svd': { words: 'weight SVD', prefix: 'wsvd', units: 'rank' },
  'channel-pruning': { words: 'channel pruning', prefix: 'cp', units: 'channels' },
};

/** What a ratio is a ratio of: multiply-accumulates, elements of initializers, or measured milliseconds. */
export const costs = ['macs', 'params', 'latency'] as const;
export type CostName = (typeof costs)[number];
/** Costs as people call them. */
export const costNames: Record<CostName, string> = { macs: 'MACs', params: 'parameters', latency: 'latency' };

/** By what a compressed layer is judged: the user's metric, or how near the outputs stay to the original's. */
export const scoreNames = ['metric', 'fidelity'] as const;
export type ScoreName = (typeof scoreNames)[number];

/** How layers are compressed, and what their ratios mean: the same for scoring and for compressing. */
export interface Method {
  readonly technique: Technique;
  readonly cost: CostName;
  readonly score: ScoreName;
  /** Ranks and channels are multiples of this where the layer has as many. */
  readonly multiplicity: number;
  /** Fewest channels, or lowest rank, that a layer keeps. */
  readonly minimum: number;
  /** Channel pruning: by what channels are ranked. */
  readonly importance: ImportanceName;
  /** Channel pruning: whether channels tied across branches are pruned together, or left alone as AIMET does. */
  readonly coupled: boolean;
  /** Layers, by name, that must stay as they are. */
  readonly ignore: readonly string[];
  /** Sizes of the input if the model leaves them open, [1, C, H, W]. */
  readonly inputSize?: readonly number[];
}

/** How a target becomes units for each part. */
export interface Selecting {
  readonly mode: SelectName;
  /** Whether scores are made monotone in the ratio first (AIMET's option). */
  readonly monotonic: boolean;
  /** Ratios by part given by hand, which are held; mode `manual` allocates the rest as `optimal` does, if a target is given. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Channels to remove, by part, given by hand (channel pruning). */
  readonly channels: Readonly<Record<string, readonly number[]>>;
}

/** The machinery that numeric work runs on; `auto` takes the fastest that is there. */
export interface Machinery {
  readonly threads: number;
  /** ONNX Runtime's execution provider. */
  readonly provider: ProviderName;
  /** Library that decomposes matrices. */
  readonly linearAlgebra: BackendName;
}

/** How many images, and how many patches of each, a least-squares weight reconstruction sees. */
export interface Reconstruction {
  readonly samples: number;
  readonly patches: number;
  readonly seed: number;
}
