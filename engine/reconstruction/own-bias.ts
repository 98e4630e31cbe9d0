import type { Graph } from '../onnx/graph';
import { keyOf } from '../onnx/layers';
import { floats, type FloatTensor, type Tensor } from '../tensor/tensor';
import type { Sampled } from './layer-fit';

/** Gives layers a bias; one that others read too stays theirs. A MatMul's is added to its result. */
export function setBias(graph: Graph, layers: readonly Sampled[], weight: string, bias: FloatTensor): void {
  const nodes = new Map(graph.nodes.map((node) => [keyOf(node), node]));
  const places = layers.map(({ site }) => ({
    node: nodes.get(keyOf(site.bias!.node))!,
    index: site.bias!.index,
    behind: site.bias!.node !== site.layer.node,
  }));
  const [first] = places;
  const name = first.node.input[first.index];
  const old = graph.constant(name) as FloatTensor | undefined;
  const tensor: Tensor =
    first.behind && old
      ? floats(
          old.dims,
          old.data.map((value, at) => value + bias.data[at]),
        )
      : bias;
  const own = name && graph.uses(name).every((node) => places.some((place) => place.node === node));
  const target = own ? name : graph.uniqueName(`${weight}.bias`);
  graph.setConstant(target, tensor);
  for (const { node, index } of places) graph.setInput(node, index, target);
}

/** Bias of layers that are tried with refitted weights: a constant that only they read. */
export interface OwnBias {
  readonly name: string;
  /** Returns the constant's value with a refitted bias. */
  with(refitted: FloatTensor): FloatTensor;
}

/**
 * Gives the layers of one weight a separate bias in `probed`, a copy of `graph`, equal to what they have: zeros if they
 * had none.
 * @returns undefined if the layers can have none
 */
export function ownBias(
  graph: Graph,
  probed: Graph,
  weight: string,
  layers: readonly Sampled[],
): OwnBias | undefined {
  const { bias, layer, groups, outputs } = layers[0].site;
  if (!bias) return undefined;
  const adds = bias.node !== layer.node;
  const old = graph.constant(bias.node.input[bias.index]) as FloatTensor | undefined;
  const nothing = floats([groups * outputs]);
  const before = old ?? nothing;
  setBias(probed, layers, weight, adds ? nothing : before);
  const node = probed.nodes.find((one) => keyOf(one) === keyOf(bias.node))!;
  return {
    name: node.input[bias.index],
    with: (refitted) =>
      adds
        ? floats(
            before.dims,
            before.data.map((value, at) => value + refitted.data[at]),
          )
        : refitted,
  };
}
