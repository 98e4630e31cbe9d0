import { z } from 'zod';

import { EvaluationAnswer, EvaluationQuestion, TrainingAnswer, TrainingQuestion } from './activity-contract';
import { ArtifactSchema } from './artifact-schema';
import { ArraySplit } from './data-schema';
import { FineTuneFields, Loss } from './fine-tune-schema';
import { Result } from './result-schema';
import { UserActivity } from './user-activity-schema';
import type { SchemaName } from './schema-names';
import { CompressionSettings, CompressionSpec } from './spec';

const DataRef = ArraySplit.extend({
  images: ArtifactSchema,
  labels: ArtifactSchema.optional(),
  inputs: z.record(z.string(), ArtifactSchema).optional(),
});

/** The input of the workflow `guidebook`, in which every setting has a value. */
export const GuidebookInput = z.strictObject({
  name: z.string().min(1),
  model: ArtifactSchema,
  data: z.strictObject({ train: DataRef, evaluate: DataRef, test: DataRef }),
  settings: z.strictObject({
    ...CompressionSettings.shape,
    fineTune: FineTuneFields.extend({
      learningRate: z.number().positive(),
      by: UserActivity.optional(),
    }),
  }),
  searchAttributes: z.array(z.string()).optional(),
});

/** Schemas by name, with defaults left out (as people write) or filled in. */
const schemas = {
  /** A spec, as `slimflow run` takes it. */
  spec: { schema: CompressionSpec, io: 'input' },
  /** The input of the workflow `guidebook`, as `slimflow prepare` prints it. */
  input: { schema: GuidebookInput, io: 'output' },
  /** result.json, and the result of the workflow. */
  result: { schema: Result, io: 'output' },
  /** The argument of an activity that is a metric. */
  'evaluation-question': { schema: EvaluationQuestion, io: 'output' },
  /** Its answer. */
  'evaluation-answer': { schema: EvaluationAnswer, io: 'input' },
  /** The argument of an activity that trains. */
  'training-question': { schema: TrainingQuestion, io: 'output' },
  /** Its answer. */
  'training-answer': { schema: TrainingAnswer, io: 'input' },
} as const satisfies Readonly<Record<SchemaName, { schema: z.ZodType; io: 'input' | 'output' }>>;

/** Adds what is read before the schema sees it: `loss` may be a file. */
function withLossFile({ zodSchema, jsonSchema: written }: Parameters<Override>[0]): void {
  if (zodSchema !== Loss) return;
  const { type, enum: names } = written;
  delete written.type;
  delete written.enum;
  written.anyOf = [
    { type, enum: names },
    {
      type: 'object',
      properties: { graph: { type: 'string' } },
      required: ['graph'],
      additionalProperties: false,
    },
  ];
}
type Override = NonNullable<NonNullable<Parameters<typeof z.toJSONSchema>[1]>['override']>;

/**
 * Returns a JSON Schema (draft 7), for programs in other languages. It can't tell how fields must combine: what it accepts
 * may still be refused, with the name of the field.
 *
 * @example
 * ```ts
 * import { jsonSchema } from 'slimflow';
 *
 * console.log(JSON.stringify(jsonSchema('evaluation-answer')));
 * ```
 */
export function jsonSchema(name: SchemaName): object {
  const { schema, io } = schemas[name];
  return {
    title: `slimflow ${name}`,
    ...z.toJSONSchema(schema, { io, target: 'draft-7', unrepresentable: 'any', override: withLossFile }),
  };
}
