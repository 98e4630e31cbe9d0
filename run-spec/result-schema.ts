import { z } from 'zod';

import { costs, techniques } from '../engine/names';
import { ArtifactSchema } from './artifact-schema';

const figure = z.number();
const share = z.number().positive();
/** Further figures of a metric. */
const Details = z.record(z.string(), z.unknown());

/** Code, runtime and device that made a model. */
const Maker = z.strictObject({
  /** Slimflow's version, the digest of its engine, and ONNX Runtime's version. */
  version: z.string(),
  engine: z.string(),
  onnxruntime: z.string(),
  /** ONNX Runtime's execution provider, and the processor or GPU. */
  provider: z.string(),
  device: z.string(),
});

/** Speed beside the original, measured in turn with it. */
const Speed = z.strictObject({
  /** Factor by which it is faster than the original: the median of the ratio of their times, round by round. */
  faster: z.number().positive(),
  /** Half the interquartile range of that ratio: smaller differences mean nothing. */
  noise: z.number().nonnegative(),
});

/** Verdict on a candidate in steps 3 and 5, by whom if a person decided, and why: `contract/verdict.ts` in JSON. */
const CandidateVerdict = z.union([
  z.strictObject({ state: z.literal('picked'), by: z.string().optional() }),
  z.strictObject({
    state: z.literal('selected'),
    by: z.string().optional(),
    /** The models of equal metric, if there were several, and what decided among them. */
    among: z
      .strictObject({
        equal: z.array(z.string()).readonly(),
        standardError: z.number().nonnegative().optional(),
        by: z.enum(['latency', 'metric', 'MACs']),
      })
      .optional(),
  }),
  z.strictObject({ state: z.enum(['eligible', 'not selected', 'cancelled']) }),
  z.strictObject({ state: z.enum(['rejected', 'failed']), why: z.string() }),
  z.strictObject({ state: z.literal('skipped'), by: z.string().optional(), why: z.string().optional() }),
  z.strictObject({ state: z.literal('unfinished'), by: z.string() }),
]);
/** Missing from results that Slimflow wrote before they had verdicts. */
const verdicts = z.array(CandidateVerdict).optional();

/** A compressed model that was fine-tuned and judged. */
export const ResultCandidate = z.strictObject({
  /** Readable, unique in the run: `ssvd-0.65`, `ssvd-0.65/cp-0.77`. */
  id: z.string(),
  technique: z.enum(techniques),
  /** The candidate it was made from; null for the original. */
  parent: z.string().nullable(),
  /** 0, or the number of the revisit (step 3') that its spatial SVD belongs to. */
  round: z.number().int().nonnegative(),
  /** The requested ratio, relative to the model it was made from. */
  asked: share,
  /** The ratio of the saved graph's cost, relative to the original's. */
  achieved: share,
  macs: z.number().int().positive(),
  params: z.number().int().positive(),
  /**
   * Number of which its ranks or channels are multiples, but for single layers that brought the ratio to the target.
   * Missing from results that were written before `multiplicity: auto`.
   */
  multiplicity: z.number().int().positive().optional(),
  /** On the evaluation split, in points: as compressed, and after fine-tuning. */
  metricBefore: figure,
  metricAfter: figure,
  /**
   * Standard error of metricAfter, in points; missing for metrics that have none (mean-iou, mean-average-precision),
   * and from results of earlier versions.
   */
  standardError: z.number().nonnegative().optional(),
  /** Further figures of the metric, if it has any. */
  details: Details.optional(),
  /** Median ms of a batch. */
  latencyMs: figure,
  /** Missing from results of earlier versions. */
  speed: Speed.optional(),
  /** ONNX Runtime's execution provider, and the library that decomposed and solved. */
  computedBy: z.strictObject({ provider: z.string(), linearAlgebra: z.string() }),
  /** Provenance: first of the compression, then of the fine-tuning. */
  provenance: z.array(Maker),
  /** Why step 3 and step 5 kept or dropped it. */
  reasons: z.array(z.string()),
  /** The same for programs: what each step decided, and by whom. */
  verdicts,
  model: ArtifactSchema,
});
/** A compressed model that was fine-tuned and judged. */
export type ResultCandidate = z.infer<typeof ResultCandidate>;

/** A candidate that could not be made, and why. */
const NotMade = z.strictObject({
  id: z.string(),
  technique: z.enum(techniques),
  parent: z.string().nullable(),
  round: z.number().int().nonnegative(),
  asked: share,
  reason: z.string(),
  verdicts,
});

const channels = z.number().int().nonnegative().optional();
/** A layer of the original, and what became of it in the selected model. */
export const ResultLayer = z.strictObject({
  name: z.string(),
  /** The operator: Conv, Gemm, … */
  kind: z.string(),
  /** Before, and of all that was made of it; 0 if it was removed. */
  macs: z.number().nonnegative(),
  macsAfter: z.number().nonnegative(),
  params: z.number().nonnegative(),
  paramsAfter: z.number().nonnegative(),
  /** Channels between the layers that it was split into; missing if it was not. */
  rank: channels,
  /** Channels that go in and come out; those after are missing if it was removed. */
  inputChannels: channels,
  inputChannelsAfter: channels,
  outputChannels: channels,
  outputChannelsAfter: channels,
});
/** A layer of the original, and what became of it in the selected model. */
export type ResultLayer = z.infer<typeof ResultLayer>;

/**
 * result.json, version 1.
 *
 * @example
 * ```ts
 * import { Result } from 'slimflow';
 *
 * const { selected, final, candidates } = Result.parse(await client.workflow.getHandle(workflowId).result());
 * console.log(selected, final?.ratio, candidates.map(({ id, achieved }) => `${id}: ${achieved}`));
 * ```
 */
export const Result = z.strictObject({
  version: z.literal(1),
  /** stopped: nobody approved in time, and the spec says to stop in that case. */
  outcome: z.enum(['selected', 'requirement-not-met', 'stopped']),
  /** C and X as requested, or as people changed them: `decisions` says who. */
  target: share,
  tolerance: figure,
  /** The cost that ratios refer to. */
  cost: z.enum(costs),
  /** Name of the metric; missing from results of earlier versions. */
  metric: z.string().optional(),
  original: z.strictObject({
    macs: z.number().int().positive(),
    params: z.number().int().positive(),
    /** On the evaluation split, and on the test split. */
    metric: figure,
    test: figure,
    standardError: z.number().nonnegative().optional(),
    details: Details.optional(),
    testDetails: Details.optional(),
    latencyMs: figure,
  }),
  /** Machine on which all latencies were measured, and how; results of earlier versions have the machine alone. */
  latencyBy: Maker.extend({
    threads: z.number().int().positive().optional(),
    /** Samples in a batch. */
    batch: z.number().int().positive().optional(),
    /** Task queue of the device, if the spec names one. */
    taskQueue: z.string().optional(),
  }),
  candidates: z.array(ResultCandidate),
  /** Candidates that could not be made, and why. */
  failed: z.array(NotMade),
  /** Candidates that people skipped, or that were unfinished when the run was finished early. */
  skipped: z.array(NotMade).default([]),
  /** The SSVD models that proceeded to channel pruning, best first. */
  picks: z.array(z.string()),
  selected: z.string().nullable(),
  /** Figures of the selected model; null if nothing was selected. */
  final: z
    .strictObject({
      /** Ratio of the cost that the target refers to. */
      ratio: share,
      macRatio: share,
      paramRatio: share,
      metric: figure,
      test: figure,
      testDetails: Details.optional(),
      drop: figure,
      latencyMs: figure,
      speed: Speed.optional(),
    })
    .nullable(),
  /** If nothing was selected: the best trade-off found, or what was proposed, and what stopped it. */
  unmet: z
    .strictObject({
      best: z.string(),
      stoppedBy: z.enum(['too much drop', 'too far from the target', 'nobody approved']),
      reason: z.string(),
    })
    .nullable(),
  /** Decisions made by people during the run, in order. */
  decisions: z
    .array(
      z.strictObject({
        /** ISO time of the workflow. */
        at: z.string(),
        what: z.string(),
        by: z.string(),
        note: z.string().optional(),
      }),
    )
    .default([]),
  /**
   * Layers of the original, each with what became of it in the selected model. The file has them if the store has both
   * models; the workflow's own result, which is a message of limited size, does not.
   */
  layers: z.array(ResultLayer).optional(),
  /** Notes for the reader: revisits, fallbacks, layers left alone. */
  notes: z.array(z.string()),
  workflowId: z.string(),
  runId: z.string(),
  /** From the start of the workflow to its end. */
  seconds: z.number().nonnegative(),
});
/** Content of result.json, version 1. */
export type Result = z.infer<typeof Result>;
