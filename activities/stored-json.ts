import { ApplicationFailure } from '@temporalio/activity';
import { z } from 'zod';

import type { Part, ScoredLayer } from '../contract/activities';
import { failureTypes } from '../contract/failure-types';
import { techniques } from '../engine/names';
import { issueText } from '../run-spec/issue-text';
import type { ArtifactRef } from '../store/artifact';
import type { Store } from '../store/store';
import { Artifact } from './requests';

/*
 * JSON that one activity stores and another reads. A request may name any artifact in its place, so it is checked as
 * requests are.
 */

const Parts = z.array(z.object({ name: z.string(), technique: z.enum(techniques) }));

/** Scores that were no numbers are null in JSON. */
const Layers = z.array(
  z.looseObject({
    layer: z.string(),
    technique: z.enum(techniques),
    scores: z.array(z.looseObject({ ratio: z.number(), units: z.number() })),
    factors: Artifact.optional(),
  }),
);

/**
 * Reads the parts that `analyze` stored.
 * @throws ApplicationFailure `InvalidRequest` if the artifact is something else
 */
export const storedParts = async (store: Store, ref: ArtifactRef): Promise<readonly Part[]> =>
  checked(await store.json(ref), Parts, 'parts', ref);

/**
 * Reads the scores that `collectScores` stored.
 * @throws ApplicationFailure `InvalidRequest` if the artifact is something else
 */
export const storedLayers = async (store: Store, ref: ArtifactRef): Promise<readonly ScoredLayer[]> =>
  layersIn(await store.json(ref), 'scores', ref);

/** Reads the scores of one layer, which `scoreLayer` stored; throws as `storedLayers`. */
export const storedLayer = async (store: Store, ref: ArtifactRef): Promise<ScoredLayer> =>
  layersIn([await store.json(ref)], 'layers', ref)[0];

/** Checks the fields that paths and plans are made of. A cast, since a score may be null, which is NaN for its readers. */
const layersIn = (value: unknown, field: string, ref: ArtifactRef): readonly ScoredLayer[] =>
  checked(value, Layers, field, ref) as readonly unknown[] as readonly ScoredLayer[];

function checked<Schema extends z.ZodType>(
  value: unknown,
  schema: Schema,
  field: string,
  { sha256 }: ArtifactRef,
): z.output<Schema> {
  const { success, data, error } = schema.safeParse(value, { reportInput: true });
  if (success) return data;
  throw ApplicationFailure.nonRetryable(
    `${field} names artifact ${sha256}, which is something else: ${issueText(error.issues[0])}`,
    failureTypes.InvalidRequest,
  );
}
