import { intOf } from '../node-attributes';
import { broadcast } from '../dims';
import { axisOf, given, isGiven, rows, type Rule, wrapAll } from './rule';

const alike = [
  'Relu LeakyRelu PRelu Clip Sigmoid HardSigmoid HardSwish Tanh Elu Selu Celu Softplus Softsign Mish Gelu Swish Erf Exp Log',
  'Sqrt Abs Neg Reciprocal Floor Ceil Round Sign Identity Cast CastLike Softmax LogSoftmax Hardmax ThresholdedRelu Shrink',
  'InstanceNormalization GroupNormalization RMSNormalization MeanVarianceNormalization LpNormalization LRN Not BitwiseNot',
  'Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh IsNaN IsInf Trilu CumSum ReverseSequence EyeLike Bernoulli',
  'RandomNormalLike RandomUniformLike ScatterElements ScatterND Scatter TensorScatter',
].join(' ');
const arithmetic =
  'Add Sub Mul Div Mod Pow Max Min Sum Mean Where Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor BitShift BitwiseAnd BitwiseOr BitwiseXor';
const reductions =
  'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare';

/** Operators that keep their input's shape, those that broadcast, and those that reduce axes. */
export const pointwise: Record<string, Rule> = {
  ...rows(alike, (node, { shape }) => [shape(node.input[0])]),
  ...rows(arithmetic, (node, { shape }) => [broadcast(node.input.map(shape))]),
  Dropout: (node, { shape }) => node.output.map(() => shape(node.input[0])),
  /** In training mode it also outputs the running mean and variance. */
  BatchNormalization: (node, { shape }) => node.output.map((_, at) => shape(node.input[at === 0 ? 0 : 1])),
  LayerNormalization(node, { shape }) {
    const input = shape(node.input[0]);
    const axis = input && axisOf(node, -1, input.length);
    if (!input || axis === undefined) return undefined;
    const statistics = input.map((dim, at) => (at < axis ? dim : 1));
    return [input, statistics, statistics];
  },
  ...rows(reductions, (node, scope) => {
    const input = scope.shape(node.input[0]);
    const listed = given(node, 1, 'axes', scope);
    if (!input || (isGiven(node, 1, 'axes') && !listed)) return undefined;
    if (!listed?.length && intOf(node, 'noop_with_empty_axes', 0) === 1) return [input];
    const axes = listed?.length ? wrapAll(listed, input.length) : input.map((_, axis) => axis);
    const kept = intOf(node, 'keepdims', 1) === 1 ? [1] : [];
    return axes && [input.flatMap((dim, axis) => (axes.includes(axis) ? kept : [dim]))];
  }),
  ...rows('ArgMax ArgMin', (node, { shape }) => {
    const input = shape(node.input[0]);
    const axis = input && axisOf(node, 0, input.length);
    if (axis === undefined) return undefined;
    const kept = intOf(node, 'keepdims', 1) === 1 ? [1] : [];
    return [input!.flatMap((dim, at) => (at === axis ? kept : [dim]))];
  }),
};
