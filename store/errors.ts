/** What is wrong with an artifact: its file is gone, or its bytes are not those of its digest. */
export type ArtifactProblem = 'ArtifactMissing' | 'ArtifactCorrupt';

/** A file of the store that can't be used. */
export class ArtifactError extends Error {
  override readonly name = 'ArtifactError';

  constructor(
    readonly code: ArtifactProblem,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
