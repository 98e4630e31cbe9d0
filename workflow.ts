/**
 * Entry point of workflow code: safe in Temporal's workflow sandbox. Re-export it from your own workflows file. Its
 * only functions are workflows, since a worker takes every function that the file exports for one.
 * @module slimflow/workflow
 */
export { candidate } from './workflows/candidate';
export { guidebook } from './workflows/guidebook';
export { type FailureType, failureTypes } from './contract/failure-types';
export * from './contract/messages';
export { slimflowService } from './contract/nexus-service';
export { scoreModel, scoringQuery } from './workflows/score-model';
export { type CompressStep, type ScoreStep, steps } from './workflows/steps';
export * from './contract/run';
export type {
  Analysis,
  CompressedModel,
  Compute,
  DataRef,
  DataRefs,
  FineTunedModel,
  ScoreLayerRequest,
} from './contract/activities';
export type { AskedMetric } from './contract/metric';
export type { Latency } from './engine/jobs/types';
export type { ArtifactRef } from './store/artifact';
export type { StepVerdict, Verdict } from './contract/verdict';
