import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';

/** The search attributes of Slimflow's workflows: of a guidebook run, and of the candidates' children. */
export const attributes = {
  /** The model's name for people. */
  model: defineSearchAttributeKey('SlimflowModel', 'KEYWORD'),
  /** The candidate that a child workflow makes; a guidebook run has none. */
  candidate: defineSearchAttributeKey('SlimflowCandidate', 'KEYWORD'),
  /** The step that a run is at: baseline, SVD, pick, channel pruning, latency, select, done. */
  stage: defineSearchAttributeKey('SlimflowStage', 'KEYWORD'),
  /** selected, or requirement-not-met; of a candidate, done or failed. */
  outcome: defineSearchAttributeKey('SlimflowOutcome', 'KEYWORD'),
  /** The ratio asked for, relative to the original's cost. */
  target: defineSearchAttributeKey('SlimflowTarget', 'DOUBLE'),
  /** The ratio achieved, relative to the original's cost: of the selected model, or of the candidate. */
  ratio: defineSearchAttributeKey('SlimflowRatio', 'DOUBLE'),
  /** The metric on the evaluation split, in points, of the same model. */
  metric: defineSearchAttributeKey('SlimflowMetric', 'DOUBLE'),
} as const;

/** Every attribute's name and type, in the order in which they are shown. */
export const attributeKeys = Object.values(attributes);
/** Name of a search attribute as the server has it: `SlimflowModel`, … */
export type AttributeName = (typeof attributeKeys)[number]['name'];

/** Values of search attributes; those that are left out are not changed. */
export interface AttributeValues {
  readonly model?: string;
  readonly candidate?: string;
  readonly stage?: string;
  readonly outcome?: string;
  readonly target?: number;
  readonly ratio?: number;
  readonly metric?: number;
}

/** SQL visibility stores keep keywords in columns of 255 characters. */
const longest = 200;

/**
 * Returns the search attributes to set at the start of a workflow, or to upsert.
 * @param usable the names that the server knows: any other would make it refuse the start, or the workflow's task
 */
export function pairsOf(values: AttributeValues, usable: readonly string[] = []): SearchAttributePair[] {
  const pairs: SearchAttributePair[] = [];
  for (const [field, key] of Object.entries(attributes)) {
    const value = values[field as keyof AttributeValues];
    if (value === undefined || !usable.includes(key.name)) continue;
    if (key.type === 'KEYWORD') pairs.push({ key, value: String(value).slice(0, longest) });
    else if (Number.isFinite(value)) pairs.push({ key, value: Number(value) });
  }
  return pairs;
}
