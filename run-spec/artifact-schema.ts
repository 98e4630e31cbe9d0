import { z } from 'zod';

/** A reference to a file of the store: its digest and size. */
export const ArtifactSchema = z.strictObject({
  uri: z.string().min(1),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().nonnegative(),
  /** Key of the work that made it. */
  work: z.string().optional(),
});
/** A reference to a file of the store. */
export type ArtifactSchema = z.infer<typeof ArtifactSchema>;
