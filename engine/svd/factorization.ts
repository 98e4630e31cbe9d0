import { EngineError } from '../errors';
import type { LinearAlgebra } from '../linalg/linear-algebra';
import type { Graph, Node } from '../onnx/graph';
import type { Layer } from '../onnx/layers';
import type { Shapes } from '../onnx/shapes';
import { limits } from '../tensor/limits';
import { type FloatTensor, sizeOf, type Tensor } from '../tensor/tensor';
import { type Factors, type LowRank, type Matricization, WholeSvd } from './low-rank';
import { Projection } from './projection';

/** Cost of one unit of rank: multiply-accumulates per sample, and weight elements. */
export interface UnitCost {
  readonly macs: number;
  readonly params: number;
}

/** A layer's weight, decomposed once for every rank. */
export interface Decomposition {
  readonly maxRank: number;
  /** Singular values, descending: the squares of those dropped sum to the squared error of a rank. */
  readonly singularValues: Float64Array;
  /** Number of rows of the weight's matrix: inputs of the first of the two layers at one position. */
  readonly rows: number;
  /** Returns the pair of `rank`, from which a refit starts. */
  factors(rank: number): Promise<Factors>;
  /**
   * Returns the weight of `rank` in the original's shape; the layer with it computes the same as the layer split at
   * that rank.
   */
  lowRank(rank: number): Promise<FloatTensor>;
  /** Achieves the same by a small constant next to the layer, if its weight is too large to be rewritten for each rank. */
  readonly projected?: Projected;
  /**
   * Replaces the decomposed layer's `node` by the two of `rank`. Their weights are new initializers: other readers of
   * the old one keep it, and `Graph.removeDead` drops it if there are none.
   * @param factors those of `rank` by default
   */
  split(graph: Graph, node: Node, rank: number, factors?: Factors): Promise<void>;
  /** Returns the factors as named tensors, for `SvdMethod.restore`. */
  toTensors(): Map<string, Tensor>;
}

/** A layer whose rank is reduced by a product next to it. */
export interface Projected {
  /** Width of the product's constant, which is square. */
  readonly size: number;
  /** Inserts the product with `constant` next to `node`. */
  insert(graph: Graph, node: Node, constant: string): void;
  /** Returns the constant with which the layer computes the same as the layer split at `rank`. */
  at(rank: number): Promise<FloatTensor>;
}

/** Decomposition, cost and rewrite of one kind of layer. */
export interface Form {
  readonly axes: Matricization;
  costPerRank(layer: Layer, shapes: Shapes): UnitCost;
  split(graph: Graph, node: Node, factors: Factors, rank: number): void;
  /** Inserts a product with a symmetric constant on one side of a layer, if its kind allows it. */
  project?(graph: Graph, node: Node, constant: string, side: 'input' | 'output'): void;
}

/** A way of splitting layers in two by singular value decomposition of their weights. */
export interface SvdMethod {
  /** Says why this method leaves `layer` alone, as part of a sentence; undefined if it can split it. */
  refusal(graph: Graph, layer: Layer): string | undefined;
  /** Returns the rank at which nothing is lost. */
  maxRank(layer: Layer): number;
  /**
   * Returns the split layer's cost per unit of rank: rank · costPerRank is exactly what `layersOf` counts on the
   * rewritten graph (`params` without the bias, which stays).
   * @throws EngineError `UnsupportedModel` if a Conv's height or width is unknown
   */
  costPerRank(layer: Layer, shapes: Shapes): UnitCost;
  /** @throws EngineError `InvalidModel` if the weight holds NaN or Inf; names layer and weight */
  decompose(
    graph: Graph,
    layer: Layer,
    library: LinearAlgebra,
    /** Elements of a weight above which it is decomposed block by block (`Projection`). */
    limit?: number,
  ): Promise<Decomposition>;
  /** @throws EngineError `InvalidData` if the tensors are not those of this layer's decomposition */
  restore(
    graph: Graph,
    layer: Layer,
    tensors: ReadonlyMap<string, Tensor>,
    library: LinearAlgebra,
  ): Decomposition;
}

/** Reads a layer's weight, again each time if the graph does not keep it. */
const weightIn =
  (graph: Graph, { weight }: Layer) =>
  () =>
    graph.constant(weight) as FloatTensor;

/**
 * Makes a method from the form that each layer takes; `formOf` returns the reason if it has none, and `refuse` returns
 * reasons found in the graph.
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
  const decomposition = (
    of: Form,
    low: LowRank,
    { dims }: Pick<Layer, 'dims'>,
    library: LinearAlgebra,
  ): Decomposition => {
    const projector = of.project && low.projector?.(library);
    return {
      maxRank: low.maxRank,
      singularValues: low.singularValues,
      rows: sizeOf(of.axes.rows.map((axis) => dims[axis])),
      factors: (rank) => low.factors(rank, library),
      lowRank: (rank) => low.weight(rank, library),
      projected: projector && {
        size: projector.size,
        insert: (graph, node, constant) => of.project!(graph, node, constant, projector.side),
        at: (rank) => projector.at(rank),
      },
      split: async (graph, node, rank, factors) =>
        of.split(graph, node, factors ?? (await low.factors(rank, library)), rank),
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
      return decomposition(found, low, layer, library);
    },
    restore(graph, layer, tensors, library) {
      const found = form(layer);
      const low = tensors.has('v')
        ? WholeSvd.fromTensors(tensors, layer.dims, found.axes)
        : Projection.fromTensors(tensors, layer.dims, found.axes, weightIn(graph, layer));
      return decomposition(found, low, layer, library);
    },
  };
}

/**
 * Returns the largest rank at which the split layer costs less than `layer` itself; 0 if splitting never pays and the
 * layer is best left alone.
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
 * Returns height and width (or whatever spatial axes there are) of a value [N, C, …].
 * @throws EngineError `UnsupportedModel` if one is unknown
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
