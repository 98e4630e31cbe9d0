import type { Graph, Node } from '../../onnx/graph';
import type { Dim } from '../../onnx/dims';
import { keyOf, nameOf } from '../../onnx/layers';
import { infer, type Inferred, type Shape, type Shapes } from '../../onnx/shapes';
import type { Values } from '../../onnx/shape-rules/rule';
import { Atoms } from '../atoms';
import { type Edit, type Slot } from '../edits';
import type { Labels } from '../labels';

/** Labels of a node's outputs (undefined: no removable channels), or the reason in words why the node's channels stay. */
export type Outcome = readonly (Labels | undefined)[] | string;

/** Relates the channels of an operator's inputs, parameters and outputs. */
export type Rule = (node: Node, scope: Scope) => Outcome;

/** Axes of `slot` along which a layer's weight has channels. */
export interface LayerChannels {
  readonly slot: Slot;
  /** The weight's axis of input channels; undefined if each channel has its own filter (depthwise). */
  readonly input?: number;
  /** The weight's axis of output channels; undefined if the layer passes on those of its input. */
  readonly output?: number;
  /** Channels of the layer's result, which a bias follows. */
  readonly results: Int32Array;
  /** Channels among the rows that a MatMul treats alike: its MACs shrink with them. */
  readonly rows?: Int32Array;
}

/** State that the rules read and write while a graph's channels are followed, node by node. */
export class Scope {
  readonly atoms = new Atoms();
  readonly shapes: Shapes;
  readonly values: Values;
  /** Facts that hold for inputs of every size that the model takes. */
  private readonly certain: Inferred;
  readonly labels = new Map<string, Labels>();
  /** Reasons why values have no labels. */
  readonly reasons = new Map<string, string>();
  readonly slots: Slot[] = [];
  readonly layers = new Map<Node, LayerChannels>();
  readonly edits = new Map<string, Edit>();
  private readonly weights = new Map<string, Slot>();

  constructor(
    readonly graph: Graph,
    shapes?: Shapes,
  ) {
    const inferred = infer(graph);
    this.shapes = shapes ?? inferred.shapes;
    this.values = inferred.values;
    const { inputSizes, measuredShapes } = graph.context;
    this.certain = inputSizes || measuredShapes ? infer(graph, { assume: false }) : inferred;
  }

  readonly shape = (value: string): Shape | undefined => this.shapes.get(value);

  /** Returns the known integers of a shape, slice or split: numbers and symbols. */
  vector(value: string | undefined): Dim[] | undefined {
    return this.values.get(value);
  }

  /** Returns `vector` if it consists only of numbers. */
  numbers(value: string | undefined): number[] | undefined {
    const all = this.vector(value);
    return all?.every((dim) => typeof dim === 'number') ? all : undefined;
  }

  /** Returns `shape` with dimensions undefined that hold only for the assumed size of the input: no edit may write them. */
  certainShape(value: string): Shape | undefined {
    return this.certain.shapes.get(value) ?? this.shape(value)?.map(() => undefined);
  }

  /** Returns `vector` with entries undefined that hold only for the assumed size of the input. */
  certainVector(value: string | undefined): Dim[] | undefined {
    return this.certain.values.get(value) ?? this.vector(value)?.map(() => undefined);
  }

  /** Returns `numbers` if they hold for every size of the input. */
  certainNumbers(value: string | undefined): number[] | undefined {
    const all = this.certainVector(value);
    return all?.every((dim) => typeof dim === 'number') ? all : undefined;
  }

  why(value: string): string {
    return this.reasons.get(value) ?? `${value} has no channels that can be followed`;
  }

  /**
   * Returns the labels of `value` along `axis`; if it has none there its entries stay, and so do channels along other
   * axes.
   */
  along(value: string, axis: number): Int32Array | string {
    const labels = this.labels.get(value);
    if (labels?.axis === axis) return labels.ids;
    const size = this.shape(value)?.[axis];
    if (typeof size !== 'number') return `the size of axis ${axis} of ${value} is not known`;
    const why = labels ? `channels are along axis ${labels.axis} of ${value}, not ${axis}` : this.why(value);
    if (labels) this.atoms.freeze(labels.ids, why);
    return this.atoms.frozen(size, why);
  }

  /** Returns the weight of a layer; layers that share it share its channels. */
  weight(node: Node, index: number): Slot {
    const name = node.input[index];
    const use = { node: keyOf(node), index };
    const known = this.weights.get(name);
    if (known) {
      known.uses.push(use);
      return known;
    }
    const slot = this.slot(name, use);
    this.weights.set(name, slot);
    return slot;
  }

  /**
   * Binds input `index` of a node as a parameter with channels `ids` along `axis`. Only this use is bound: if exporters
   * made equal constants shared, other uses keep theirs.
   */
  parameter(node: Node, index: number, axis: number, ids: Int32Array): void {
    if (this.graph.isConstant(node.input[index]))
      this.bind(this.slot(node.input[index], { node: keyOf(node), index }), axis, ids);
  }

  /** Binds entry i of a parameter's `axis` to atom ids[i]. */
  bind(slot: Slot, axis: number, ids: Int32Array): void {
    const own = slot.axes[axis];
    if (own) this.atoms.uniteAll(own, ids);
    else slot.axes[axis] = ids;
  }

  edit(edit: Edit): void {
    this.edits.set(edit.node, edit);
  }

  private slot(constant: string, use: Slot['uses'][number]): Slot {
    const dims = this.shape(constant) as readonly number[];
    const slot: Slot = { constant, dims, uses: [use], axes: dims.map(() => undefined) };
    this.slots.push(slot);
    return slot;
  }
}

/** Describes a node for messages. */
export const described = (node: Node): string =>
  nameOf(node) === node.opType ? node.opType : `${node.opType} ${nameOf(node)}`;
