import type { Random } from '../../../engine/data/random';
import type { AttributeValue } from '../../../engine/onnx/node-attributes';
import type { ModelProto, NodeProto } from '../../../engine/onnx/proto/onnx_pb';
import { int64s } from '../../../engine/tensor/tensor';
import { oddNumbers, pick } from './bytes';

/** Changes a model in place. */
export type Change = (model: ModelProto, random: Random) => void;

export const operators = (
  'Conv ConvTranspose Gemm MatMul Add Mul Sub Div Relu LeakyRelu PRelu Clip Sigmoid Softmax LogSoftmax Reshape Flatten ' +
  'Squeeze Unsqueeze Transpose Concat Split Slice Gather GatherND Expand Tile ConstantOfShape Range Resize Upsample Pad ' +
  'Shape Size Cast CastLike Where Equal Less Not Identity Constant Dropout BatchNormalization InstanceNormalization ' +
  'LayerNormalization GroupNormalization MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool ReduceMean ReduceSum ' +
  'ReduceProd ReduceMax ArgMax TopK NonZero Unique OneHot Einsum CumSum DepthToSpace SpaceToDepth If Loop Scan LSTM GRU ' +
  'RNN ScatterND Trilu EyeLike RandomNormal Bernoulli SequenceConstruct ConcatFromSequence SplitToSequence Optional ' +
  'DeformConv Col2Im GridSample RoiAlign NonMaxSuppression MeanVarianceNormalization Mod Pow Sqrt Exp Log QuantizeLinear ' +
  'constructor __proto__ toString hasOwnProperty NoSuchOperator'
).split(' ');
const attributeNames = (
  'axis axes kernel_shape pads strides dilations group auto_pad output_padding output_shape perm to alpha beta transA transB ' +
  'mode coordinate_transformation_mode nearest_mode ceil_mode count_include_pad keepdims split num_outputs value value_ints ' +
  'allowzero epsilon momentum training_mode start end equation body then_branch else_branch hidden_size direction layout ' +
  'blocksize num_groups num_scan_inputs largest sorted batch_dims constructor'
).split(' ');
const words = [
  'SAME_UPPER',
  'SAME_LOWER',
  'VALID',
  'NOTSET',
  'linear',
  'nearest',
  'cubic',
  'half_pixel',
  'reflect',
  'ij,jk->ik',
];

const small = (random: Random): bigint => BigInt(random.below(7) - 1);
export const number = (random: Random): bigint =>
  random.below(3) ? small(random) : pick(random, oddNumbers);
export const nodesOf = (model: ModelProto): NodeProto[] => model.graph?.node ?? [];
export const anyNode = (model: ModelProto, random: Random): NodeProto | undefined =>
  pick(random, nodesOf(model));

/** All values of the main graph by name. */
const valuesOf = (model: ModelProto): string[] => [
  ...(model.graph?.input ?? []).map(({ name }) => name),
  ...(model.graph?.initializer ?? []).map(({ name }) => name),
  ...nodesOf(model).flatMap(({ output }) => output),
];
export const anyValue = (model: ModelProto, random: Random): string => pick(random, valuesOf(model)) ?? '';

export const anyAttribute = (random: Random): [name: string, value: AttributeValue] => {
  const name = pick(random, attributeNames);
  const many = () => Array.from({ length: random.below(5) }, () => Number(number(random)));
  const value = pick<() => AttributeValue>(random, [
    () => number(random),
    () => pick(random, words),
    () => many().map((one) => (Number.isSafeInteger(one) ? one : 0)),
    () => int64s(many().map((one) => (Number.isSafeInteger(one) ? one : 1))),
  ]);
  return [name, value()];
};
