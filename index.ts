/** Entry point of workers and clients. Workflow code imports `slimflow/workflow`. */
export {
  type GuidebookHandle,
  startGuidebook,
  type Started,
  type StartOptions,
  taskQueueOf,
} from './client/start-guidebook';
export {
  adjust,
  type Adjustment,
  type Approval,
  approve,
  cancel,
  finishEarly,
  pause,
  Refused,
  resume,
} from './client/decide';
export { prepare } from './client/prepare';
export type { RunEvent } from './client/events';
export { findRun, NoSuchRun } from './client/find-run';
export { follow, type TimedRunEvent } from './client/follow';
export { type ListedRun, listRuns, type RunFilter } from './client/list-runs';
export type { Doing, LiveProgress, Observation, RunEnd } from './client/observation';
export { observe, type ObserveOptions } from './client/observe';
export type { RunStatus } from './client/run-status';
export { ArtifactSchema as ArtifactRef } from './run-spec/artifact-schema';
export { loadSpec, parseSpec, SpecError } from './run-spec/load';
export { Result, ResultCandidate } from './run-spec/result-schema';
export { CompressionSettings, CompressionSpec, type CompressionSpecInput } from './run-spec/spec';
export { openStore } from './store/open';
export type { Store } from './store/store';
export { SlimflowPlugin, type SlimflowPluginOptions } from './workers/plugin';
export { failureTypeOf, reasonOf as failureMessage } from './contract/failure-reason';
export { type FailureType, failureTypes } from './contract/failure-types';
export * from './contract/messages';
export type {
  Candidate,
  CandidatePlan,
  CandidateProgress,
  Decision,
  GuidebookInput,
  GuidebookProgress,
  Judgement,
  Made,
  Pause,
  ScoringProgress,
  Stage,
  Waiting,
} from './contract/run';
export type { HeartbeatDetails, Setbacks } from './contract/activities';
export type { AttributeName } from './contract/search-attributes';
export { EngineError, type EngineErrorCode } from './engine/errors';
export { type Missing, registerAttributes, type Registration } from './server/register-attributes';
export type { StepVerdict, Verdict } from './contract/verdict';
