import type { OutlineNode } from '../../../engine/onnx/outline';
import { layoutOf, type Layout } from './graph-layout';
import { originOf } from './layers';
import type { LayerStatus, ModelDiff } from './model-diff';

/** A node as the picture of a graph shows it. */
export interface DrawnNode extends OutlineNode {
  readonly status: LayerStatus | 'added';
  /** Layer of the original that it is, or was made of; left out for nodes that are not layers. */
  readonly layer?: string;
  /** `rank 12`, `16 → 9 output channels`; left out for a node that is as before. */
  readonly change?: string;
}

/** A graph with the places of its nodes. */
export interface DrawnGraph {
  readonly nodes: readonly DrawnNode[];
  readonly layout: Layout;
}

/** Two graphs, and which of their nodes belong together. */
export interface GraphDiff {
  readonly before: DrawnGraph;
  readonly after: DrawnGraph;
}

/** Compares two graphs node by node: layers as `diff` says, other nodes by their names and operators. */
export function graphDiff(
  before: readonly OutlineNode[],
  after: readonly OutlineNode[],
  diff: ModelDiff,
): GraphDiff {
  const layers = new Map(diff.layers.map((layer) => [layer.name, layer]));
  const names = new Set(layers.keys());
  const added = new Set(diff.added);
  const drawn = (
    nodes: readonly OutlineNode[],
    others: readonly OutlineNode[],
    missing: 'removed' | 'added',
  ) => {
    const known = new Set(others.map(({ name, op }) => `${op} ${name}`));
    return nodes.map((node): DrawnNode => {
      const layer = layers.get(originOf(node.name, names));
      if (layer && !isEnd(node)) {
        const { name, status, change } = layer;
        return { ...node, status, layer: name, ...(status !== 'unchanged' && { change }) };
      }
      const isNew = added.has(node.name) || !known.has(`${node.op} ${node.name}`);
      return { ...node, status: isNew ? missing : 'unchanged', ...(isNew && { change: missing }) };
    });
  };
  return {
    before: { nodes: drawn(before, after, 'removed'), layout: layoutOf(before) },
    after: { nodes: drawn(after, before, 'added'), layout: layoutOf(after) },
  };
}

const isEnd = ({ op }: OutlineNode): boolean => op === 'input' || op === 'output';
