import { concat, gather, pad, slice, split, transpose } from './cuts';
import { conv, convTranspose, gemm, matMul } from './layers';
import { channelNorm, groupNorm, overAxis, reduction, sampling, spatial } from './norm';
import { elementwise, pointwise } from './pointwise';
import type { Rule } from './scope';
import {
  constantOfShape,
  depthToSpace,
  expand,
  reshape,
  reshaped,
  resize,
  spaceToDepth,
  tile,
} from './shapes';
import { table } from '../../table';

const each = (rule: Rule, ...operators: string[]): Record<string, Rule> =>
  Object.fromEntries(operators.flatMap((line) => line.split(' ')).map((operator) => [operator, rule]));

/**
 * Rules for how channels pass through each operator of ONNX's own domain; one without a rule keeps all channels it
 * touches.
 */
export const rules = table<Rule>({
  ...each(
    pointwise,
    'Relu LeakyRelu Clip Sigmoid HardSigmoid HardSwish Tanh Elu Selu Celu Softplus Softsign Mish Gelu Swish Erf Exp Log',
    'Abs Neg Sqrt Reciprocal Floor Ceil Round Sign Sin Cos ThresholdedRelu Shrink Not Cast CastLike Dropout Identity',
    'IsNaN IsInf',
  ),
  ...each(
    elementwise,
    'Add Sub Mul Div Mod Pow Max Min Sum Mean Where PRelu',
    'Equal Greater GreaterOrEqual Less LessOrEqual And Or Xor',
  ),
  ...each(
    reduction,
    'ReduceMean ReduceSum ReduceMax ReduceMin ReduceProd ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceSumSquare',
  ),
  ...each(spatial, 'MaxPool AveragePool LpPool GlobalAveragePool GlobalMaxPool GlobalLpPool'),
  ...each(sampling, 'GridSample RoiAlign MaxRoiPool'),
  ...each(channelNorm, 'BatchNormalization InstanceNormalization'),
  ...each(
    overAxis(-1, (opset) => opset < 13),
    'Softmax LogSoftmax Hardmax',
  ),
  ...each(
    overAxis(-1, () => true),
    'LayerNormalization RMSNormalization',
  ),
  ...each(
    overAxis(-1, () => false),
    'LpNormalization',
  ),
  ...each(reshaped, 'Flatten Squeeze Unsqueeze'),
  ...each(resize, 'Resize Upsample'),
  GroupNormalization: groupNorm,
  Conv: conv,
  ConvTranspose: convTranspose,
  Gemm: gemm,
  MatMul: matMul,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Gather: gather,
  Pad: pad,
  Reshape: reshape,
  Expand: expand,
  ConstantOfShape: constantOfShape,
  Tile: tile,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
});

/** Operators that create channels, whatever their inputs hold. */
export const sources: ReadonlySet<string> = new Set(
  'Conv ConvTranspose Gemm MatMul ConstantOfShape Expand'.split(' '),
);
