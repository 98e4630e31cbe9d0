import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';

import { type AttributeValues, pairsOf } from '../contract/search-attributes';

/**
 * Sets search attributes of this workflow, in one event: those that the server knows, and that have another value by now.
 */
export function upsert(values: AttributeValues, usable?: readonly string[]): void {
  const { typedSearchAttributes: set } = workflowInfo();
  const pairs = pairsOf(values, usable).filter(({ key, value }) => set.get(key) !== value);
  if (pairs.length) upsertSearchAttributes(pairs);
}
