import type { Analysis, DataRefs, ImportedSpec, ScoreLayerRequest } from './activities';
import type { Method, Technique } from '../engine/names';
import type { Compression, Details, Provenance, Speed } from '../engine/jobs/types';
import type { AskedMetric } from './metric';
import type { StepVerdict, Verdict } from './verdict';
import type { CompressionSettings, CompressionSpec, CompressionSpecInput } from '../run-spec/spec';
import type { ArtifactRef } from '../store/artifact';

/** Input of a guidebook workflow whose files are in the store. */
export interface GuidebookInput extends ImportedSpec {
  /** The search attributes that the server knows, by name; none if it is left out. */
  readonly searchAttributes?: readonly string[];
}

/** Input of a guidebook workflow that imports its files when it begins, so that it takes what is there then. */
export interface SpecInput {
  /** A spec whose paths are those of the workers, or addresses (`s3://…`, `https://…`). */
  readonly spec: CompressionSpec | CompressionSpecInput;
  readonly searchAttributes?: GuidebookInput['searchAttributes'];
}

/** The original model, as step 0 found it. */
export interface Original extends Analysis {
  readonly model: ArtifactRef;
  /** a0: its metric on the evaluation split, in points. */
  readonly metric: number;
  /** Standard error of the metric, in points; left out if it is unknown. */
  readonly standardError?: number;
  /** Further figures of the metric. */
  readonly details?: Details;
}

/** Limits of one run of a model's scoring, after which it continues as new. */
export interface ScoringLimits {
  /** Layers under way at a time. */
  readonly inFlight: number;
  /** Layers in one run, at most. */
  readonly layers: number;
  /** Events, and bytes, of its history from which on it begins no more layers. */
  readonly events: number;
  readonly bytes: number;
}

/** The input of the child workflow that scores the layers of a model. */
export interface ScoringInput {
  /** `original`, or the id of the candidate. */
  readonly of: string;
  readonly technique: Technique;
  /** The model's parts, and how many of them the technique can compress: what analyze gave. */
  readonly parts: ArtifactRef;
  readonly total: number;
  /** Request for each layer. */
  readonly request: Omit<ScoreLayerRequest, 'layer' | 'metric'> & {
    readonly metric: AskedMetric<ArtifactRef>;
  };
  readonly limits: ScoringLimits;
  /** Results of the runs before this one, which continued as new. */
  readonly before?: { readonly scored: number; readonly scores?: ArtifactRef };
  /** Who paused it: it waits for the signal `resume` before it begins a layer. */
  readonly paused?: Pause;
}

/** Progress of a model's scoring. */
export interface ScoringProgress {
  readonly of: string;
  readonly technique: Technique;
  /** Layers scored, and layers in all. */
  readonly done: number;
  readonly total: number;
  readonly paused?: Pause;
}

/** Plan of a candidate: the model that it starts from, and the requested ratio. */
export interface CandidatePlan {
  /** `ssvd-0.65`, `ssvd-0.65/cp-0.77` */
  readonly id: string;
  readonly technique: Technique;
  /** The candidate it is made of; null for the original. */
  readonly parent: string | null;
  /** 0, or the number of the revisit that its spatial SVD belongs to. */
  readonly round: number;
  /** The ratio asked for, relative to the parent, which it starts from. The name is that of result.json. */
  readonly asked: number;
}

/** The input of the child workflow. */
export interface CandidateInput {
  readonly plan: CandidatePlan;
  readonly model: ArtifactRef;
  /** The original model, where fine-tuning learns from it. */
  readonly teacher?: ArtifactRef;
  readonly scores: ArtifactRef;
  readonly method: Method;
  readonly data: DataRefs;
  readonly settings: Pick<CompressionSettings, 'fineTune' | 'reconstruction' | 'selection' | 'compute'> & {
    readonly metric: AskedMetric<ArtifactRef>;
  };
  /** Values for the workflow's search attributes. */
  readonly audit?: Audit;
}

/** Values for the search attributes of a candidate's workflow. */
export interface Audit {
  /** The search attributes that the server knows, by name. */
  readonly searchAttributes: readonly string[];
  /** c of the model that it is made of: ratios to it, times this, are ratios to the original. */
  readonly parentRatio: number;
}

/** Outcome of a candidate. */
export type CandidateOutcome =
  { readonly status: 'done'; readonly made: Made } | { readonly status: 'failed'; readonly reason: string };

/** A compressed, fine-tuned and judged model. */
export interface Made {
  readonly model: ArtifactRef;
  /** Its cost relative to the parent's; recorded histories have it under this name. `achieved` is to the original. */
  readonly ratio: number;
  readonly macs: number;
  readonly params: number;
  readonly multiplicity?: number;
  /** As compressed, and after fine-tuning, on the evaluation split, in points. */
  readonly metricBefore: number;
  readonly metricAfter: number;
  /** Standard error of metricAfter, in points; left out if it is unknown. */
  readonly standardError?: number;
  /** Further figures of the metric. */
  readonly details?: Details;
  readonly shortfall?: string;
  readonly notes: readonly string[];
  readonly computedBy: Compression['computedBy'];
  /** Provenance: first of the compression, then of the fine-tuning. */
  readonly provenance: readonly Provenance[];
}

/** A candidate that was made, with the figures that the rules use. */
export interface Candidate extends CandidatePlan, Made {
  /** c(m): its cost relative to the original's. */
  readonly achieved: number;
  /** a0 − a(m), in points. */
  readonly drop: number;
  readonly latencyMs?: number;
  /** Speed beside the original; left out if it was not measured. */
  readonly speed?: Speed;
}

/** Stages of a run, in order. */
export const stages = ['baseline', 'SVD', 'pick', 'channel pruning', 'latency', 'select', 'done'] as const;
/** Name of a stage; a run that is given a spec imports its files before them all. */
export type Stage = (typeof stages)[number] | 'import';

/** A row of the table of candidates while the run goes on. */
export interface CandidateProgress extends CandidatePlan {
  /** skipped: a person left it out; cancelled: the run was, before this was done. */
  readonly status: 'running' | 'done' | 'failed' | 'skipped' | 'cancelled';
  readonly workflowId: string;
  readonly achieved?: number;
  readonly metricBefore?: number;
  readonly metricAfter?: number;
  readonly drop?: number;
  readonly latencyMs?: number;
  readonly speed?: Speed;
  readonly shortfall?: string;
  /** Its verdicts, one per step: a picked candidate is judged again in step 5. */
  readonly verdicts?: readonly Verdict[];
  /** The sentence of `verdicts`, for people: nothing reads it back. Runs of older versions have it alone. */
  readonly decision?: string;
}

/** A person's decision. */
export interface Decision {
  /** ISO time of the workflow. */
  readonly at: string;
  readonly what: string;
  readonly by: string;
  readonly note?: string;
}

/** No activity is started until the run is resumed. */
export interface Pause {
  readonly by: string;
  readonly reason?: string;
  /** ISO time of the workflow. */
  readonly at: string;
}

/** A review that a person is asked for. */
export interface Waiting {
  readonly for: 'picks' | 'selection';
  /** Candidates that the rule would take; none if no candidate meets the requirement. */
  readonly proposed: readonly string[];
  /** ISO time at which the run does what `review.onTimeout` says; it waits for as long as it takes without. */
  readonly until?: string;
}

/** Result of step 3 or step 5: its rule, and why each candidate was kept or dropped. */
export interface Judgement {
  readonly step: 'pick' | 'select';
  readonly rule: string;
  readonly verdicts: readonly StepVerdict[];
}

/** The answer to the query `progress`. */
export interface GuidebookProgress {
  readonly name: string;
  /** C and X as they stand: people may change them. */
  readonly target: number;
  readonly tolerance: number;
  readonly cost: Method['cost'];
  /** Task queue of the device that latency is measured on, if the spec names one. */
  readonly latencyQueue?: string;
  /** Activities of the user's that judge or train models, and their task queues. */
  readonly theirs?: readonly { readonly activity: string; readonly taskQueue: string }[];
  readonly stage: Stage;
  readonly original?: { readonly macs: number; readonly params: number; readonly metric: number };
  /** Layers scored so far, of each model that is being scored or was. */
  readonly scoring: readonly ScoringProgress[];
  readonly candidates: readonly CandidateProgress[];
  /** Decisions of steps 3 and 5, with reasons. */
  readonly judgements: readonly Judgement[];
  readonly notes: readonly string[];
  readonly paused?: Pause;
  readonly waiting?: Waiting;
  /** People's decisions, in order. */
  readonly decisions: readonly Decision[];
}
