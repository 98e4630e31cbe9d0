import { create } from '@bufbuild/protobuf';

import type { Graph } from './graph';
import { StringStringEntryProtoSchema } from './proto/onnx_pb';

/** What Slimflow writes into a model's `metadata_props`; everything else there is the user's and stays. */
export const metadataPrefix = 'slimflow.';
/** The entry with all steps that led to the model, the oldest first: a JSON array of what each `stamp` was given. */
const historyKey = `${metadataPrefix}history`;
/** A model that is trained on and on keeps its last steps. */
const longestHistory = 100;

/**
 * One step of a model's making: names and values without the prefix, such as `technique` or `parent.sha256`. Nothing in
 * it may differ between two runs of the same work on one machine (times, paths, process ids), since the model's bytes are
 * to be the same.
 */
export type Step = Readonly<Record<string, string | number | undefined>>;

/** A model's metadata by name, Slimflow's among the user's. */
export const metadataOf = ({ model }: Graph): Record<string, string> =>
  Object.fromEntries(model.metadataProps.map(({ key, value }) => [key ?? '', value ?? '']));

/** The steps of Slimflow's that led to a model, the oldest first; none of a model that it did not make. */
export function historyOf(graph: Graph): Step[] {
  try {
    const steps: unknown = JSON.parse(metadataOf(graph)[historyKey] ?? '[]');
    return Array.isArray(steps) ? (steps as Step[]) : [];
  } catch {
    return []; // not written by Slimflow
  }
}

/**
 * Writes into a graph's metadata how it came about: an entry `slimflow.<name>` for each value of its last step, in the
 * place of earlier ones of that name, and the step behind the others in `slimflow.history`.
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
