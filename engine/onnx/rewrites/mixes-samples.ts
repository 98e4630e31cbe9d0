import { table as tableOf } from '../../table';
import { fromStart } from '../dims';
import type { Graph, Node } from '../graph';
import { intOf, intsOf } from '../node-attributes';
import { integersOf } from './open-constants';

/** Says if a node computes across an axis of its first input, which keeps its size there, so that shapes don't show it. */
type Mixes = (node: Node, axis: number, rank: number, graph: Graph) => boolean;

const axisOf = (node: Node, fallback: number, rank: number): number =>
  fromStart(intOf(node, 'axis', fallback), rank);
const alongAxis: Mixes = (node, axis, rank) => axis === axisOf(node, -1, rank);
const fromAxis: Mixes = (node, axis, rank) => axis >= axisOf(node, -1, rank);
/** Before opset 13 the input is a matrix, whose rows are what comes before `axis`. */
const softmax: Mixes = (node, axis, rank, graph) =>
  graph.opset < 13 ? axis >= axisOf(node, 1, rank) : alongAxis(node, axis, rank, graph);
const beyondBatch: Mixes = (_, axis) => axis > 0;
const overTime: Mixes = (node, axis) => axis !== (intOf(node, 'layout', 0) ? 0 : 1);

const table = tableOf<Mixes>({
  Softmax: softmax,
  LogSoftmax: softmax,
  Hardmax: softmax,
  LpNormalization: alongAxis,
  LayerNormalization: fromAxis,
  RMSNormalization: fromAxis,
  InstanceNormalization: beyondBatch,
  GroupNormalization: beyondBatch,
  LRN: (_, axis) => axis === 1,
  BatchNormalization: (node) => intOf(node, 'training_mode', 0) !== 0,
  MeanVarianceNormalization: (node, axis, rank) =>
    (intsOf(node, 'axes') ?? [0, 2, 3]).some((one) => fromStart(one, rank) === axis),
  CumSum: (node, axis, rank, graph) => {
    const along = integersOf(graph, node.input[1])?.[0];
    return along === undefined || fromStart(along, rank) === axis;
  },
  Slice: (node, axis, rank, graph) => {
    if (!node.input[4]) return false;
    const steps = integersOf(graph, node.input[4]);
    const axes = node.input[3] ? integersOf(graph, node.input[3]) : steps?.map((_, i) => i);
    if (!steps || !axes) return true;
    return axes.some((one, i) => fromStart(one, rank) === axis && steps[i] < 0);
  },
  ReverseSequence: () => true,
  LSTM: overTime,
  GRU: overTime,
  RNN: overTime,
});

/**
 * Says if a node computes one sample's result from others', though its result has the batch's size.
 * @param axis the axis of its first input that holds the batch
 * @param rank how many axes that input has
 */
export const mixesSamples: Mixes = (node, axis, rank, graph) =>
  !node.domain && !!table[node.opType]?.(node, axis, rank, graph);
