import { create } from '@bufbuild/protobuf';

import { sizeOf } from '../tensor/tensor';
import type { Dim } from './dims';
import { declare } from './extract';
import { Graph, type Node } from './graph';
import { batchOf, layersOf, nameOf, type SampleCount, uncountedLayers } from './layers';
import { intOf, stringOf } from './node-attributes';
import { type GraphProto, GraphProtoSchema, ModelProtoSchema } from './proto/onnx_pb';
import { liftConstants } from './rewrites/lift-constants';
import { inferShapes, operatorOf, type Shape, type Shapes } from './shapes';
import { table } from '../table';

/** Products that a node computes, none of which a technique can take away. */
export interface OtherWork {
  readonly name: string;
  /** The operator: LSTM, com.microsoft.FusedConv, … */
  readonly operator: string;
  /** Multiply-accumulates per sample; undefined if sizes are unknown. */
  readonly macs: number | undefined;
}

/** Facts about a graph, or the body of an If, Loop or Scan in it, by which work is counted. */
interface Scope {
  readonly graph: Graph;
  readonly shapeOf: (value: string | undefined) => Shape | undefined;
  readonly constantOf: (value: string | undefined) => number | undefined;
  readonly batch: SampleCount;
}

type Count = (node: Node, scope: Scope) => number | undefined;

/**
 * Lists the work that `macsOf` leaves out: recurrent layers, deformable and fused convolutions, products of computed
 * values, and the bodies of If, Loop and Scan. It stays as it is, whatever is compressed.
 */
export function otherWork(
  graph: Graph,
  shapes: Shapes = inferShapes(graph),
  batch: SampleCount = batchOf(graph, shapes),
): OtherWork[] {
  const layers = new Set(layersOf(graph, shapes, batch).map(({ node }) => node));
  const scope: Scope = {
    graph,
    shapeOf: (value) => (value ? (shapes.get(value) ?? graph.constantDims(value)) : undefined),
    constantOf: (value) => {
      const tensor = value && graph.isConstant(value) ? graph.constant(value) : undefined;
      return tensor && sizeOf(tensor.dims) === 1 ? Number(tensor.data[0]) : undefined;
    },
    batch,
  };
  return graph.nodes.flatMap((node) => {
    if (layers.has(node) || isLayerOfUnknownSize(graph, node)) return [];
    const count = counts[operatorOf(node)];
    if (!count) return [];
    const macs = count(node, scope);
    return macs === 0 ? [] : [{ name: nameOf(node), operator: operatorOf(node), macs }];
  });
}

/** Tells if a node is a layer that `uncountedLayers` names already. */
const isLayerOfUnknownSize = (graph: Graph, { domain, opType, input }: Node): boolean =>
  !domain &&
  ['Conv', 'ConvTranspose', 'Gemm', 'MatMul'].includes(opType) &&
  input.slice(0, 2).some((value) => graph.isConstant(value));

const known = (...factors: readonly (number | undefined)[]): number | undefined =>
  factors.every((factor) => factor !== undefined) ? factors.reduce((a, b) => a * b, 1) : undefined;

/** Returns the product of dimensions that must not depend on the batch, such as a weight's. */
const elements = (dims: Shape | undefined): number | undefined =>
  dims?.every((dim) => typeof dim === 'number') ? sizeOf(dims) : undefined;

/** Counts weight elements times positions of `value`, [N, C, …], for each sample. */
const windows =
  (weight: number, value: 'input' | 'output'): Count =>
  (node, { shapeOf, batch }) => {
    const dims = shapeOf(node[value][0]);
    const [rows, , ...positions] = dims ?? [];
    const places = dims && (batch.perSample([rows, ...positions]) ?? batch.perSample(positions, 1));
    return known(elements(shapeOf(node.input[weight])), places);
  };

/** Counts a product of matrices: the elements of its result times what is summed. */
const product =
  (transA?: string): Count =>
  (node, { shapeOf, batch }) => {
    const [a, out] = [shapeOf(node.input[0]), shapeOf(node.output[0])];
    if (!a?.length || !out) return undefined;
    const turned = transA !== undefined && intOf(node, transA, 0) !== 0;
    return known(batch.perSample(out), batch.perSample([a[a.length - (turned ? 2 : 1)]], 1));
  };

/** Counts both products of a recurrent layer in each step and direction. */
const recurrent: Count = (node, { shapeOf, batch }) => {
  const steps = shapeOf(node.input[0])?.[intOf(node, 'layout', 0) === 1 ? 1 : 0];
  const [w, r] = [elements(shapeOf(node.input[1])), elements(shapeOf(node.input[2]))];
  return known(w === undefined || r === undefined ? undefined : w + r, batch.perSample([steps], 1));
};

/** Counts an Einsum of two operands as the loop over all of its letters. */
const einsum: Count = (node, { shapeOf, batch }) => {
  const terms = stringOf(node, 'equation', '').replace(/\s/g, '').split('->')[0].split(',');
  if (terms.length < 2) return 0;
  const sizes = new Map<string, Dim>();
  for (const [at, term] of terms.entries()) {
    const dims = shapeOf(node.input[at]);
    if (dims?.length !== term.length) return undefined;
    [...term].forEach((letter, axis) => sizes.set(letter, dims[axis]));
  }
  return batch.perSample([...sizes.values()]);
};

/** Counts the products of queries with keys, and of the weights with values. */
const attention: Count = (node, { shapeOf, batch }) => {
  const [q, k, v] = node.input.map(shapeOf);
  const flat = [q, k, v].every((dims) => dims?.length === 3);
  if (!q || !k || !v) return undefined;
  const positions = k[k.length - 2];
  const scores = batch.perSample([...q, positions]);
  const last = flat ? v[2] : v[v.length - 1];
  const values = batch.perSample([...q.slice(0, -1), positions, last]);
  return scores === undefined || values === undefined ? undefined : scores + values;
};

/**
 * Counts the work of a body, on a graph of its own whose inputs are those of the body and the values that it captures.
 * @param given shapes of the body's inputs, if it does not declare them itself
 */
function bodyWork(body: GraphProto, node: Node, scope: Scope, given: readonly (Shape | undefined)[] = []) {
  const { graph, shapeOf, batch } = scope;
  const captured = [...graph.capturesOf(node)];
  const constants = captured.filter((value) => graph.isConstant(value));
  const values = captured.filter((value) => !graph.isConstant(value));
  const inner = new Graph(
    create(ModelProtoSchema, {
      ...graph.model,
      graph: create(GraphProtoSchema, {
        ...body,
        initializer: [
          ...body.initializer,
          ...graph.model.graph!.initializer.filter(({ name }) => constants.includes(name)),
        ],
        input: [
          ...body.input.map((input, at) => (given[at] ? declare(input.name, given[at]) : input)),
          ...values.map((value) => declare(value, shapeOf(value))),
        ],
      }),
    }),
  );
  liftConstants(inner);
  const shapes = inferShapes(inner);
  const layers = layersOf(inner, shapes, batch).reduce((sum, { macs }) => sum + macs, 0);
  const others = otherWork(inner, shapes, batch).map(({ macs }) => macs);
  if (uncountedLayers(inner, shapes).length || others.some((macs) => macs === undefined)) return undefined;
  return others.reduce<number>((sum, macs) => sum + macs!, layers);
}

const bodiesOf = (node: Node): GraphProto[] => node.attribute.flatMap(({ g }) => g ?? []);

/** Counts the larger branch: only one of them runs. */
const branches: Count = (node, scope) => {
  const each = bodiesOf(node).map((body) => bodyWork(body, node, scope));
  return each.every((macs) => macs !== undefined) ? Math.max(0, ...each) : undefined;
};

/** Counts a body as often as it runs. */
const repeated =
  (times: Count, given: (node: Node, scope: Scope) => readonly (Shape | undefined)[]): Count =>
  (node, scope) => {
    const [body] = bodiesOf(node);
    const each = body && bodyWork(body, node, scope, given(node, scope));
    return each === 0 ? 0 : known(each, times(node, scope));
  };

/** Returns the first input of a Scan that it takes apart. */
const firstScanned = (node: Node): number => node.input.length - intOf(node, 'num_scan_inputs', 0);

/** One row per operator that multiplies. */
const counts = table<Count>({
  LSTM: recurrent,
  GRU: recurrent,
  RNN: recurrent,
  DeformConv: windows(1, 'output'),
  Conv: windows(1, 'output'),
  ConvInteger: windows(1, 'output'),
  QLinearConv: windows(3, 'output'),
  ConvTranspose: windows(1, 'input'),
  'com.microsoft.FusedConv': windows(1, 'output'),
  'com.microsoft.nchwc.Conv': windows(1, 'output'),
  'com.microsoft.ConvTransposeWithDynamicPads': windows(1, 'input'),
  MatMul: product(),
  MatMulInteger: product(),
  QLinearMatMul: product(),
  Gemm: product('transA'),
  'com.microsoft.FusedMatMul': product('transA'),
  'com.microsoft.FusedGemm': product('transA'),
  'com.microsoft.GemmFastGelu': product(),
  Einsum: einsum,
  Attention: attention,
  'com.microsoft.MultiHeadAttention': attention,
  If: branches,
  Loop: repeated(
    (node, { constantOf }) => constantOf(node.input[0]),
    (node, { shapeOf }) => [[], [], ...node.input.slice(2).map(shapeOf)],
  ),
  Scan: repeated(
    (node, { shapeOf, batch }) => {
      const dims = shapeOf(node.input[firstScanned(node)]);
      return dims && batch.perSample([dims[0]], 1);
    },
    (node, { shapeOf }) =>
      node.input.map((value, at) => (at < firstScanned(node) ? shapeOf(value) : shapeOf(value)?.slice(1))),
  ),
});
