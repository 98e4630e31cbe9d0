import { create } from '@bufbuild/protobuf';

import { EngineError } from '../errors';
import { declare, extract, frontier } from '../onnx/extract';
import { Graph, makeNode } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import { GraphProtoSchema, ModelProtoSchema } from '../onnx/proto/onnx_pb';
import type { Shapes } from '../onnx/shapes';
import { floats, type FloatTensor, isFloat, type Tensor } from '../tensor/tensor';
import { Session } from './session';

/** A weight to try in place of a layer's own, and its bias where that changes as well. */
export interface Replacement {
  readonly weight: FloatTensor;
  readonly bias?: FloatTensor;
}

/**
 * A network cut around one convolution, to try many weights for it: what lies before runs once a batch, the layer
 * and what lies behind once a weight. The layer alone takes its weight as an input; before and behind are sessions of
 * constants, so that ONNX Runtime's blocked layout serves them.
 */
export class LayerProbe {
  private constructor(
    private readonly layer: Layer,
    private readonly own: Required<Replacement>,
    private readonly before: Session | undefined,
    private readonly conv: Session,
    private readonly behind: Session,
  ) {}

  /** @param graph with one input; @param layer a Conv that its first output depends on */
  static async open(graph: Graph, layer: Layer, shapes: Shapes, threads: number): Promise<LayerProbe> {
    const [input, output] = [layer.node.input[0], layer.node.output[0]];
    const first = graph.outputs[0].name;
    if (output === first) {
      throw new EngineError(
        'UnsupportedModel',
        `layer ${layer.name} computes the first output of the model; name it under \`ignore\``,
      );
    }
    const weight = graph.constant(layer.weight);
    const bias = graph.constant(layer.node.input[2]) ?? floats([layer.dims[0]]);
    if (!isFloat(weight) || !isFloat(bias)) {
      throw new EngineError('UnsupportedModel', `layer ${layer.name} does not hold 32-bit floats`);
    }
    const feeds = graph.inputs.map(({ name }) => name);
    const open = frontier(graph, output);
    const kept = [...new Set([input, ...open])].filter((value) => !feeds.includes(value));
    const opened: Session[] = [];
    const session = async (part: Graph) => {
      opened.push(await Session.open(part, { threads }));
      return opened[opened.length - 1];
    };
    try {
      const before = kept.length ? await session(extract(graph, feeds, kept, shapes)) : undefined;
      const conv = await session(convAlone(graph, layer, shapes));
      const behind = await session(extract(graph, [output, ...open], [first], shapes, before?.outputTypes));
      return new LayerProbe(layer, { weight, bias }, before, conv, behind);
    } catch (error) {
      await Promise.all(opened.map((part) => part.close()));
      throw error;
    }
  }

  /** Runs what lies before the layer: all values that `outputs` needs of one batch. */
  async prefix(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    return { ...feeds, ...(await this.before?.run(feeds)) };
  }

  /** The model's first output for a batch that went through `prefix`, by default with the layer's own weight. */
  async outputs(
    kept: Readonly<Record<string, Tensor>>,
    replacement: Replacement = this.own,
  ): Promise<Tensor> {
    const { weight, bias = this.own.bias } = replacement;
    const { node } = this.layer;
    const { y } = await this.conv.run({ x: kept[node.input[0]], weight, bias });
    const feeds = Object.fromEntries(
      this.behind.inputs.map((name) => [name, name === node.output[0] ? y : kept[name]]),
    );
    return (await this.behind.run(feeds))[this.behind.outputs[0]];
  }

  async close(): Promise<void> {
    await Promise.all([this.before?.close(), this.conv.close(), this.behind.close()]);
  }
}

/** The layer's Conv as a model of its own with inputs x, weight, bias and output y. */
function convAlone(graph: Graph, { node, dims }: Layer, shapes: Shapes): Graph {
  const conv = makeNode({ op: 'Conv', inputs: ['x', 'weight', 'bias'], outputs: ['y'] });
  conv.attribute = [...node.attribute];
  const { irVersion, opsetImport } = graph.model;
  return new Graph(
    create(ModelProtoSchema, {
      irVersion,
      opsetImport,
      graph: create(GraphProtoSchema, {
        name: 'layer',
        node: [conv],
        input: [declare('x', shapes.get(node.input[0])), declare('weight', dims), declare('bias', [dims[0]])],
        output: [declare('y')],
      }),
    }),
  );
}
