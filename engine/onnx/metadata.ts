import { create } from '@bufbuild/protobuf';

import type { Graph } from './graph';
import { StringStringEntryProtoSchema } from './proto/onnx_pb';

/** Prefix of what Slimflow writes into a model's `metadata_props`; everything else there is the user's and stays. */
export const metadataPrefix = 'slimflow.';
/** Entry with all steps that led to the model, oldest first: a JSON array of what each `stamp` was given. */
const historyKey = `${metadataPrefix}history`;
/** Most steps kept of a model that is trained over and over. */
const longestHistory = 100;

/**
 * One step of a model's making: names and values without the prefix, such as `technique` or `parent.sha256`. Nothing in
 * it may differ between two runs of the same work on one machine (times, paths, process ids), since the model's bytes
 * must be the same.
 */
export type Step = Readonly<Record<string, string | number | undefined>>;

/** Returns a model's metadata by name, both Slimflow's and the user's. */
export const metadataOf = ({ model }: Graph): Record<string, string> =>
  Object.fromEntries(model.metadataProps.map(({ key, value }) => [key ?? '', value ?? '']));

/** Returns Slimflow's steps that led to a model, oldest first; none for a model that it did not make. */
export function historyOf(graph: Graph): Step[] {
  try {
    const steps: unknown = JSON.parse(metadataOf(graph)[historyKey] ?? '[]');
    return Array.isArray(steps) ? (steps as Step[]) : [];
  } catch {
    return []; // not written by Slimflow
  }
}

/**
 * Records in a graph's metadata how it was made: an entry `slimflow.<name>` for each value of its last step, which
 * replaces an earlier one of that name, and the step at the end of `slimflow.history`.
 */
export function stamp(graph: Graph, step: Step): void {
  const given = Object.entries(step).filter(([, value]) => value !== undefined);
  const history = [...historyOf(graph), Object.fromEntries(given)].slice(-longestHistory);
  for (const [name, value] of given) set(graph, `${metadataPrefix}${name}`, String(value));
  set(graph, historyKey, JSON.stringify(history));
}

function set({ model }: Graph, key: string, value: string): void {
  const entry = model.metadataProps.find((one) => one.key === key);
  if (entry) entry.value = value;
  else model.metadataProps.push(create(StringStringEntryProtoSchema, { key, value }));
}
