/** A reference to a file of the store: its digest and size. */
export interface ArtifactRef {
  readonly uri: string;
  readonly sha256: string;
  readonly bytes: number;
  /** Key of the work that made it, by which it can be regenerated; none for a user's file. */
  readonly work?: string;
}

/** Identity of an artifact. */
export type Digest = Pick<ArtifactRef, 'sha256' | 'bytes'>;

/** Tells if a JSON value is a reference to an artifact. */
export const isArtifactRef = (value: unknown): value is ArtifactRef =>
  typeof value === 'object' && value !== null && 'uri' in value && 'sha256' in value && 'bytes' in value;

/** Collects every artifact that a JSON value refers to, at any depth. */
export function artifactsIn(value: unknown): ArtifactRef[] {
  if (isArtifactRef(value)) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(artifactsIn) : [];
}

/** Marks a JSON value's artifacts with the work that made them; existing provenance is kept. */
export function madeBy<T>(value: T, work: string): T {
  if (isArtifactRef(value)) return { work, ...value };
  if (Array.isArray(value)) return value.map((one: unknown) => madeBy(one, work)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, madeBy(inner, work)])) as T;
}
