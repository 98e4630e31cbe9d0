import type { Graph } from './graph';
import { loadModel } from './model';
import { dropIdentities } from './rewrites/drop-identities';
import { liftConstants } from './rewrites/lift-constants';

/** Reads a model and brings it to the form that compression works on: weights as initializers, no Identity nodes. */
export function openModel(path: string): Graph {
  const graph = loadModel(path);
  // Before version 4 every initializer had to be an input as well, which those made here are not.
  if ((graph.model.irVersion ?? 0n) < 4n) graph.model.irVersion = 4n;
  liftConstants(graph);
  dropIdentities(graph);
  return graph;
}
