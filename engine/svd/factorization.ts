import { EngineError } from '../errors';
import type { LinearAlgebra } from '../linalg/linear-algebra';
import type { Graph, Node } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';
import { limits } from '../tensor/limits';
import { type FloatTensor, sizeOf, type Tensor } from '../tensor/tensor';
import { type Factors, type LowRank, type Matricization, WholeSvd } from './low-rank';
import { Projection } from './projection';

/** What one unit of rank costs: multiply-accumulates of one sample, and weight elements. */
export interface UnitCost {
  readonly macs: number;
  readonly params: number;
}

/** A layer's weight decomposed once, for every rank. */
export interface Decomposition {
  readonly maxRank: number;
  /** Singular values, descending: the squares of those dropped sum to the squared error of a rank. */
  readonly singularValues: Float64Array;
  /** The weight of `rank` in the original's shape; the layer with it equals the layer split at that rank. */
  lowRank(rank: number): Promise<FloatTensor>;
  /** The same by a small constant beside the layer, where its weight is better not written anew for each rank. */
  readonly projected?: Projected;
  /**
   * Replaces `node`, the decomposed layer's, by the two of `rank`. Their weights are new initializers: other readers
   * of the old one keep it, and `Graph.removeDead` drops it where there are none.
   */
  split(graph: Graph, node: Node, rank: number): Promise<void>;
  /** The factors as named tensors; `SvdMethod.restore` takes them. */
  toTensors(): Map<string, Tensor>;
}

/** A layer that a product beside it makes one of lower rank. */
export interface Projected {
  /** Width of the product's constant, which is square. */
  readonly size: number;
  /** Puts the product with `constant` beside `node`. */
  insert(graph: Graph, node: Node, constant: string): void;
  /** The value of the constant with which the layer equals the layer split at `rank`. */
  at(rank: number): Promise<FloatTensor>;
}

/** How the layers of one kind are decomposed, costed and rewritten. */
export interface Form {
  readonly axes: Matricization;
  costPerRank(layer: Layer, shapes: Shapes): UnitCost;
  split(graph: Graph, node: Node, factors: Factors, rank: number): void;
  /** Puts a product with a symmetric constant on one side of a layer, where its kind can have that. */
  project?(graph: Graph, node: Node, constant: string, side: 'input' | 'output'): void;
}

/** A way of splitting layers in two by the singular value decomposition of their weights. */
export interface SvdMethod {
  /** Why this method leaves `layer` alone, as a part of a sentence; undefined where it can split it. */
  refusal(graph: Graph, layer: Layer): string | undefined;
  /** The rank at which nothing is lost. */
  maxRank(layer: Layer): number;
  /**
   * What the split layer costs a unit of rank: rank · costPerRank is exactly what `layersOf` counts on the rewritten
   * graph (`params` without the bias, which stays).
   * @throws EngineError `UnsupportedModel` where a Conv's height or width is not known
   */
  costPerRank(layer: Layer, shapes: Shapes): UnitCost;
  /** @throws EngineError `InvalidModel` where the weight holds NaN or Inf, naming layer and weight. */
  decompose(
    graph: Graph,
    layer: Layer,
    library: LinearAlgebra,
    /** Elements of a weight beyond which it is decomposed block by block (`Projection`). */
    limit?: number,
  ): Promise<Decomposition>;
  /** @throws EngineError `InvalidData` where the tensors are not those of this layer's decomposition. */
  restore(
    graph: Graph,
    layer: Layer,
    tensors: ReadonlyMap<string, Tensor>,
    library: LinearAlgebra,
  ): Decomposition;
}

/** Reads a layer's weight, each time anew where the graph does not keep it. */
const weightIn =
  (graph: Graph, { weight }: Layer) =>
  () =>
    graph.constant(weight) as FloatTensor;

/**
 * A method from the form that each layer takes, where `formOf` gives a reason if it has none; `refuse` gives reasons
 * that lie in the graph.
 */
export function methodOf(
  formOf: (layer: Layer) => Form | string,
  refuse: (graph: Graph, layer: Layer) => string | undefined = () => undefined,
): SvdMethod {
  const form = (layer: Layer): Form => {
    const found = formOf(layer);
    if (typeof found === 'string')
      throw new EngineError('UnsupportedModel', `layer ${layer.name} cannot be split: ${found}`);
    return found;
  };
  const decomposition = (of: Form, low: LowRank, library: LinearAlgebra): Decomposition => {
    const projector = of.project && low.projector?.(library);
    return {
      maxRank: low.maxRank,
      singularValues: low.singularValues,
      lowRank: (rank) => low.weight(rank, library),
      projected: projector && {
        size: projector.size,
        insert: (graph, node, constant) => of.project!(graph, node, constant, projector.side),
        at: (rank) => projector.at(rank),
      },
      split: async (graph, node, rank) => of.split(graph, node, await low.factors(rank, library), rank),
      toTensors: () => low.toTensors(),
    };
  };
  return {
    refusal(graph, layer) {
      const type = graph.constantType(layer.weight);
      const onLeft = layer.node.opType === 'MatMul' && layer.node.input[0] === layer.weight;
      if (layer.node.input[1] !== layer.weight && !onLeft) return 'its weight is not its second input';
      if (type !== 'float32') return `its weight is ${type ?? 'of an unknown type'}, not float32`;
      const found = formOf(layer);
      return typeof found === 'string' ? found : refuse(graph, layer);
    },
    maxRank(layer) {
      const { rows, columns } = form(layer).axes;
      return Math.min(...[rows, columns].map((axes) => sizeOf(axes.map((axis) => layer.dims[axis]))));
    },
    costPerRank: (layer, shapes) => form(layer).costPerRank(layer, shapes),
    async decompose(graph, layer, library, limit = limits.decomposed) {
      const found = form(layer);
      const weight = graph.constant(layer.weight) as FloatTensor;
      if (!weight.data.every(Number.isFinite))
        throw new EngineError(
          'InvalidModel',
          `weight ${layer.weight} of layer ${layer.name} holds NaN or Inf: train or export the model again, or ignore the layer`,
        );
      const low =
        weight.data.length > limit
          ? await Projection.of(weightIn(graph, layer), found.axes, library)
          : await WholeSvd.of(weight, found.axes, library);
      return decomposition(found, low, library);
    },
    restore(graph, layer, tensors, library) {
      const found = form(layer);
      const low = tensors.has('v')
        ? WholeSvd.fromTensors(tensors, layer.dims, found.axes)
        : Projection.fromTensors(tensors, layer.dims, found.axes, weightIn(graph, layer));
      return decomposition(found, low, library);
    },
  };
}

/**
 * The largest rank at which the split layer costs less than `layer` itself; 0 where splitting never pays and the layer
 * is best left alone.
 */
export function worthwhileRank(
  method: SvdMethod,
  layer: Layer,
  shapes: Shapes,
  cost: keyof UnitCost = 'macs',
): number {
  const whole = { macs: layer.macs, params: sizeOf(layer.dims) }[cost];
  const unit = method.costPerRank(layer, shapes)[cost];
  return Math.max(0, Math.min(method.maxRank(layer), Math.ceil(whole / unit) - 1));
}

/**
 * Height and width (or what spatial axes there are) of a value [N, C, …].
 * @throws EngineError `UnsupportedModel` where one is not known
 */
export function spatialSizes(shapes: Shapes, value: string): number[] {
  const sizes = shapes.get(value)?.slice(2);
  if (!sizes?.every((size) => typeof size === 'number'))
    throw new EngineError(
      'UnsupportedModel',
      `the size of ${value} is not known: export the model with fixed height and width`,
    );
  return sizes;
}
