import type { EngineErrorCode } from '../engine/errors';
import type { RemoteProblem } from '../store/remote/remote-error';
import type { ArtifactProblem, StoreProblem } from '../store/store-errors';

/** Error names of the engine and the store, which activities pass on unchanged. */
type Named = Exclude<EngineErrorCode, 'Cancelled'> | ArtifactProblem | StoreProblem | RemoteProblem;

/**
 * Every `type` that an `ApplicationFailure` of Slimflow has, each under its own name. A run that failed has it at the
 * end of its chain of causes (`failureTypeOf` finds it); Temporal's UI shows it beside each attempt that failed. A
 * cancelled run has none: it ends with Temporal's `CancelledFailure`. `docs/failures.md` is the same list as a table.
 */
export const failureTypes = {
  /**
   * A model file can't be read, is not valid ONNX, or has weights that are NaN or infinite. Never retried: export it
   * again.
   */
  InvalidModel: 'InvalidModel',
  /**
   * The model is valid, but holds what Slimflow can't process; the message names the node. Never retried: leave the
   * layer out (`ignore`) or export the model otherwise.
   */
  UnsupportedModel: 'UnsupportedModel',
  /**
   * Images or labels do not fit the model, the metric or each other. Never retried: fix the file that the message
   * names.
   */
  InvalidData: 'InvalidData',
  /** Settings contradict the model, the data or each other. Never retried: change the field that the message names. */
  InvalidSettings: 'InvalidSettings',
  /**
   * Training did not converge, even after the learning rate was lowered. Never retried: lower `fineTune.learningRate`.
   */
  Diverged: 'Diverged',

  /**
   * An artifact is gone from the store. The work that made it runs again by itself; a user's file can't be made again,
   * so the run fails: start it again from the original files.
   */
  ArtifactMissing: 'ArtifactMissing',
  /** An artifact's bytes do not have its SHA-256. Handled as `ArtifactMissing`. */
  ArtifactCorrupt: 'ArtifactCorrupt',
  /** The disk, quota or bucket is full. Retried until there is room: free some (`slimflow gc`). */
  StoreFull: 'StoreFull',
  /** The store can't be written to. Retried until it can: give the worker's user the right to write. */
  StoreReadOnly: 'StoreReadOnly',
  /**
   * The S3 server refuses the credentials or the request. Retried until it does not: fix the credentials or the
   * bucket's policy.
   */
  StoreRefused: 'StoreRefused',
  /** The store does not answer. Retried until it does: bring the server or the network file system back. */
  StoreUnreachable: 'StoreUnreachable',

  /** A file that a spec names on another machine is not there. Never retried: put it there, or correct the address. */
  SourceMissing: 'SourceMissing',
  /**
   * A file on another machine may not be read by this worker, or the address is none. Never retried: correct the address,
   * the credentials, or where the worker may import from.
   */
  SourceRefused: 'SourceRefused',
  /** The server of a file that a spec names does not answer. Retried up to 50 times. */
  SourceUnreachable: 'SourceUnreachable',

  /**
   * Native code crashed and ended the job's process. Retried twice; after the third crash in a row on this work it is
   * final.
   */
  NativeCrash: 'NativeCrash',
  /** The work made no progress for far longer than its units take, and was stopped. Retried twice. */
  Stalled: 'Stalled',
  /**
   * Memory ran out. Retried once, alone on its worker; with `overflow` it goes to the queue for large work instead.
   * When it is final: give the worker more memory, or lower the batch.
   */
  OutOfMemory: 'OutOfMemory',
  /**
   * Ten workers in a row ended during this work without saying why. Final: look for what kills them, such as a
   * container's memory limit.
   */
  WorkersLost: 'WorkersLost',
  /** The worker was being stopped and handed the work back. Another worker takes it at once. */
  WorkerShutdown: 'WorkerShutdown',
  /** The worker had no memory or no process for the work. Retried, also by other workers: add workers, or wait. */
  NoRoom: 'NoRoom',
  /** An error that is Slimflow's own fault. Never retried: please report it, with its message. */
  Bug: 'Bug',
  /** An error that nobody foresaw; the message begins with its name. Retried up to 50 times. */
  Unforeseen: 'Unforeseen',

  /**
   * A workflow or an activity was started with something that it doesn't take; the message names the field. Never
   * retried: correct what is sent.
   */
  InvalidRequest: 'InvalidRequest',
  /**
   * An activity of the user's, asked for a metric or a training, returned something else than docs/activities.md says.
   * Never retried: the message names the field.
   */
  WrongAnswer: 'WrongAnswer',
  /**
   * The original model's metric is not a finite number, so no drop can be computed. Fix the model, or take another
   * metric.
   */
  NotFinite: 'NotFinite',
  /** No layer of the model can be compressed by the techniques of the spec; the message says why. */
  NothingToCompress: 'NothingToCompress',
  /** Every candidate failed or was skipped; the message gives the reason of each. */
  NoCandidate: 'NoCandidate',
  /**
   * A message between client, workflow and worker is over 256 kB; the message names the field that takes the most.
   * Shorten what the spec lists by hand.
   */
  PayloadTooLarge: 'PayloadTooLarge',
  /**
   * A run did not accept a person's decision, which changed nothing. The run goes on; the message says why it refused.
   */
  Refused: 'Refused',
} as const satisfies Readonly<Record<string, string>> & { readonly [Name in Named]: Name };

/** The `type` of a failure of Slimflow: a key of `failureTypes`. */
export type FailureType = keyof typeof failureTypes;
