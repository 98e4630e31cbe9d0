/** Names of the JSON Schemas that Slimflow publishes. */
export const schemaNames = [
  'spec',
  'input',
  'result',
  'evaluation-question',
  'evaluation-answer',
  'training-question',
  'training-answer',
] as const;
/** Name of a JSON Schema that Slimflow publishes. */
export type SchemaName = (typeof schemaNames)[number];
