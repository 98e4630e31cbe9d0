import { clone } from '@bufbuild/protobuf';

import { EngineError } from '../errors';
import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import { NodeProtoSchema } from '../onnx/proto/onnx_pb';
import type { Shapes } from '../onnx/shapes';
import { groupsOf } from '../onnx/window';
import { intOf } from '../onnx/attributes';
import { floats, type FloatTensor, isFloat, type Tensor } from '../tensor/tensor';
import { type Kept, ModelProbe, type ProbeSettings, type Replacements } from './model-probe';

/** A weight to try in place of a layer's own, and its bias where that changes as well. */
export interface Replacement {
  readonly weight: FloatTensor;
  readonly bias?: FloatTensor;
}

/**
 * A `ModelProbe` of one layer: Conv or ConvTranspose (any rank, groups), Gemm, or MatMul, which has no bias. Other
 * layers that share its constants keep theirs.
 */
export class LayerProbe {
  private readonly known = new WeakMap<Replacement, Replacements>();

  private constructor(
    private readonly probe: ModelProbe,
    private readonly layer: Layer,
    private readonly names: Constants,
  ) {}

  /**
   * @param layer one that an output of `graph` depends on
   * @param settings threads, or more; the first output alone is wanted where it does not say
   * @throws EngineError `UnsupportedModel` when the layer holds no 32-bit floats, or no wanted output depends on it.
   */
  static async open(
    graph: Graph,
    layer: Layer,
    shapes: Shapes,
    settings: number | Omit<ProbeSettings, 'shapes'>,
  ): Promise<LayerProbe> {
    const { outputs = [graph.outputs[0].name], ...rest } =
      typeof settings === 'number' ? { threads: settings } : settings;
    const { own, names } = withOwnConstants(graph, layer);
    const constants = [names.weight, ...(names.bias ? [names.bias] : [])];
    if (constants.some((name) => !isFloat(own.constant(name)))) {
      throw new EngineError('UnsupportedModel', `layer ${layer.name} does not hold 32-bit floats`);
    }
    return new LayerProbe(await ModelProbe.open(own, constants, { ...rest, shapes, outputs }), layer, names);
  }

  /** Runs what lies before the layer: all values that `outputs` needs of one batch. */
  prefix(feeds: Readonly<Record<string, Tensor>>): Promise<Kept> {
    return this.probe.prefix(feeds);
  }

  /** The first wanted output for a batch that went through `prefix`, by default with the layer's own weight. */
  async outputs(kept: Kept, replacement?: Replacement): Promise<Tensor> {
    return (await this.allOutputs(kept, replacement))[this.probe.wanted[0]];
  }

  /**
   * All wanted outputs by name. The same `replacement` object is the same replacement, as in `ModelProbe.outputs`.
   * @throws EngineError `InvalidSettings` when it has a bias and the layer no place for one.
   */
  allOutputs(kept: Kept, replacement?: Replacement): Promise<Record<string, Tensor>> {
    return this.probe.outputs(kept, replacement && this.replacements(replacement));
  }

  close(): Promise<void> {
    return this.probe.close();
  }

  private replacements(replacement: Replacement): Replacements {
    const known = this.known.get(replacement);
    if (known) return known;
    const { weight, bias } = replacement;
    if (bias && !this.names.bias) {
      throw new EngineError('InvalidSettings', `layer ${this.layer.name} has no place for a bias`);
    }
    const values = new Map<string, Tensor>([[this.names.weight, weight]]);
    if (bias) values.set(this.names.bias!, bias);
    this.known.set(replacement, values);
    return values;
  }
}

/** Names of the constants of a probed layer. */
interface Constants {
  readonly weight: string;
  readonly bias?: string;
}

/** The graph with weight and bias of `layer` constants of its own; a missing bias becomes zeros where one can be. */
function withOwnConstants(graph: Graph, layer: Layer): { own: Graph; names: Constants } {
  const names = (values: readonly { name: string }[]) => values.map(({ name }) => name);
  const own = extract(graph, names(graph.inputs), names(graph.outputs));
  if (!own.nodes.includes(layer.node)) {
    throw new EngineError(
      'UnsupportedModel',
      `no output of the model depends on layer ${layer.name}: leave it out with \`ignore\``,
    );
  }
  const node = clone(NodeProtoSchema, layer.node);
  own.replace(layer.node, [node]);
  const at = node.input.indexOf(layer.weight);
  const weight = own.uniqueName(`${layer.weight}.probed`);
  own.setConstant(weight, graph.constant(layer.weight)!);
  own.setInput(node, at, weight);
  const bias = biasOf(graph, layer);
  if (!bias) return { own, names: { weight } };
  const name = own.uniqueName(`${weight}.bias`);
  own.setConstant(name, bias);
  own.setInput(node, 2, name);
  // Of a Gemm that has no addend, beta says nothing.
  if (!layer.node.input[2]) node.attribute = node.attribute.filter((attribute) => attribute.name !== 'beta');
  return { own, names: { weight, bias: name } };
}

/** The bias of a layer, zeros where it has none; undefined where it is computed, or the operator takes none. */
function biasOf(graph: Graph, { node, weight, dims }: Layer): Tensor | undefined {
  if (node.opType === 'MatMul' || node.input[1] !== weight) return undefined;
  if (node.input[2]) return graph.constant(node.input[2]);
  if (node.opType === 'Conv') return floats([dims[0]]);
  if (node.opType === 'ConvTranspose') return floats([dims[1] * groupsOf(node)]);
  return floats([dims[intOf(node, 'transB', 0) ? 0 : 1]]);
}
