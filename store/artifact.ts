/** A file of the store: where it lies, and what its bytes must be. */
export interface ArtifactRef {
  readonly uri: string;
  readonly sha256: string;
  readonly bytes: number;
  /** The key of the work that it came out of, by which it can be made again; none where it is a user's file. */
  readonly work?: string;
}

/** What tells one artifact from another. */
export type Digest = Pick<ArtifactRef, 'sha256' | 'bytes'>;

/** Whether a JSON value is a reference to an artifact. */
export const isArtifactRef = (value: unknown): value is ArtifactRef =>
  typeof value === 'object' && value !== null && 'uri' in value && 'sha256' in value && 'bytes' in value;

/** Every artifact that a JSON value refers to, at any depth. */
export function artifactsIn(value: unknown): ArtifactRef[] {
  if (isArtifactRef(value)) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(artifactsIn) : [];
}

/** A JSON value whose artifacts say which work they came out of; those that say so already keep their word. */
export function madeBy<T>(value: T, work: string): T {
  if (isArtifactRef(value)) return { work, ...value };
  if (Array.isArray(value)) return value.map((one: unknown) => madeBy(one, work)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, madeBy(inner, work)])) as T;
}
