import { z } from 'zod';

/** A file of the store: where it lies, and what its bytes must be. */
export const ArtifactRef = z.strictObject({
  uri: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().nonnegative(),
  /** The key of the work that it came out of. */
  work: z.string().optional(),
});
export type ArtifactRef = z.infer<typeof ArtifactRef>;
