import type { Graph } from './graph';
import { loadModel } from './model';
import { dropIdentities } from './rewrites/drop-identities';
import { liftConstants } from './rewrites/lift-constants';

/** Reads a model and brings it to the form that compression works on: weights as initializers, no Identity nodes. */
export function openModel(path: string): Graph {
  const graph = loadModel(path);
  liftConstants(graph);
  dropIdentities(graph);
  return graph;
}
