/** A file of the store: where it lies, and what its bytes must be. */
export interface ArtifactRef {
  readonly uri: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Whether a JSON value is a reference to an artifact. */
export const isArtifactRef = (value: unknown): value is ArtifactRef =>
  typeof value === 'object' && value !== null && 'uri' in value && 'sha256' in value && 'bytes' in value;

/** Every artifact that a JSON value refers to, at any depth. */
export function artifactsIn(value: unknown): ArtifactRef[] {
  if (isArtifactRef(value)) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(artifactsIn) : [];
}
