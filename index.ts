/**
 * Entry point of workers and clients. Workflow code imports `slimflow/workflow`.
 * @module slimflow
 */
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
export { aesCodec } from './server/codec/aes-gcm';
export { remoteCodec, type RemoteCodecOptions } from './server/codec/remote';
export { collectGarbage, type Garbage, type GarbageOptions } from './client/collect-garbage';
export type { Unread } from './client/gc-roots';
export { prepare } from './intake/prepare';
export type { RunEvent, Wait } from './client/events';
export { findRun, NoSuchRun } from './client/find-run';
export { follow, type TimedRunEvent } from './client/follow';
export { type ListedRun, listRuns, type RunFilter } from './client/list-runs';
export type {
  Doing,
  LastFailure,
  LiveProgress,
  Observation,
  PendingWork,
  RunEnd,
} from './client/observation';
export { observe, type ObserveOptions } from './client/observe';
export { type RunStatus, runStatuses } from './client/run-status';
export { loadSpec, parseSpec } from './run-spec/load';
export { jsonSchema } from './run-spec/json-schemas';
export { type SchemaName, schemaNames } from './run-spec/schema-names';
export type {
  EvaluationAnswer,
  EvaluationQuestion,
  SharedData,
  SharedFile,
} from './run-spec/activity-contract';
export { SpecError } from './run-spec/spec-error';
export { Result, ResultCandidate, ResultLayer } from './run-spec/result-schema';
export { CompressionSettings, CompressionSpec, type CompressionSpecInput } from './run-spec/spec';
export type { ArtifactRef, Digest } from './store/artifact';
export { openStore, type OpenOptions as OpenStoreOptions } from './store/open';
export type { Scratch } from './store/scratch';
export type { Checkpoint, Item as StoreItem, Room as StoreRoom, Shared, Store, Work } from './store/store';
export type { Deployment } from './workers/deployment';
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
export type { DataRef, DataRefs, HeartbeatDetails, Setbacks } from './contract/activities';
export { attributeKeys, type AttributeName } from './contract/search-attributes';
export type { Provenance } from './engine/jobs/types';
export { EngineError, type EngineErrorCode } from './engine/errors';
export { type Missing, registerAttributes, type Registration } from './server/register-attributes';
export type { AmongEquals, StepVerdict, Verdict } from './contract/verdict';
