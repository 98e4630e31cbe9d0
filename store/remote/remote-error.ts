/** Reasons why a file of another machine can't be had: it is not there, it is refused, or nobody answers for now. */
export type RemoteProblem = 'SourceMissing' | 'SourceRefused' | 'SourceUnreachable';

/** A file on another machine can't be had. Nothing half-fetched is left. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';

  constructor(
    readonly code: RemoteProblem,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
