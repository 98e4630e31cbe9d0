/** What workers and clients of Slimflow import. Workflow code imports `slimflow/workflow`. */
export {
  type GuidebookHandle,
  startGuidebook,
  type Started,
  type StartOptions,
  taskQueueOf,
} from './client/guidebook';
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
} from './client/people';
export { prepare } from './client/prepare';
export type { RunEvent } from './client/events';
export { findRun, NoSuchRun } from './client/find-run';
export { follow, type TimedRunEvent } from './client/follow';
export { type ListedRun, listRuns, type RunFilter } from './client/list-runs';
export type { Observation, RunEnd } from './client/observation';
export { observe, type ObserveOptions } from './client/observe';
export type { RunStatus } from './client/status';
export { type Doing, failureMessage, type LiveProgress, watch, type WatchOptions } from './client/watch';
export { ArtifactRef } from './spec/artifact';
export { loadSpec, parseSpec, SpecError } from './spec/load';
export { Result, ResultCandidate } from './spec/result';
export { CompressionSettings, CompressionSpec, type CompressionSpecInput } from './spec/spec';
export { openStore } from './store/open';
export type { Store } from './store/store';
export { SlimflowPlugin, type SlimflowPluginOptions } from './workers/plugin';
export * from './workflows/messages';
export type { Decision, GuidebookInput, GuidebookProgress, Pause, Waiting } from './workflows/types';
