import { floatOf, intOf } from '../../onnx/node-attributes';
import type { Builder } from '../emit/builder';
import { type GradientContext, type GradientRule, refuse } from './rule';
import { algebra } from '../emit/algebra';
import { unbroadcast } from './arithmetic';
import { backAlong } from './axis';

const from = (axis: number, rank: number) => Array.from({ length: rank - axis }, (_, at) => axis + at);

/** Normalizes x over `axes` to mean 0, unless `mean` is 'kept', and deviation 1; also returns one over the deviation. */
function normalized(builder: Builder, x: string, axes: readonly number[], epsilon: number, mean?: 'kept') {
  const { add, sub, mul, div, sqrt } = algebra(builder);
  const centered = mean ? x : sub(x, builder.reduceMean(x, axes, true));
  const variance = builder.reduceMean(mul(centered, centered), axes, true);
  const inverse = div(1, sqrt(add(variance, epsilon)));
  return { hat: mul(centered, inverse), inverse, axes, mean };
}

/**
 * Computes dX from the gradient by x': (dX' - mean(dX') - x' · mean(dX' · x')) / deviation; without the first mean if
 * 'kept'.
 */
function through(builder: Builder, of: ReturnType<typeof normalized>, gradient: string): string {
  const { sub, mul } = algebra(builder);
  const { hat, inverse, axes, mean } = of;
  const slope = builder.reduceMean(mul(gradient, hat), axes, true);
  const level = mean ? gradient : sub(gradient, builder.reduceMean(gradient, axes, true));
  return mul(sub(level, mul(hat, slope)), inverse);
}

/** Normalization over the last axes of each sample, from `axis` on, with a scale and a bias per element. */
const overLastAxes =
  (mean?: 'kept'): GradientRule =>
  (context) => {
    const { builder, node, inputs, dy, wants, shapeOf } = context;
    const [x, scale, bias] = inputs;
    const rank = shapeOf(x).length;
    const axes = from((intOf(node, 'axis', -1) + rank) % rank, rank);
    const of = normalized(builder, x, axes, floatOf(node, 'epsilon', 1e-5), mean);
    const { mul } = algebra(builder);
    return [
      wants(0) ? through(builder, of, mul(dy, scale)) : undefined,
      wants(1) ? unbroadcast(context, mul(dy, of.hat), scale, x) : undefined,
      wants(2) ? unbroadcast(context, dy, bias, x) : undefined,
    ];
  };

/**
 * Normalization over each group of channels of a sample, as one of [N, groups, elements].
 * @param scales scale and bias are per channel, or per group (GroupNormalization before opset 21)
 */
function overGroups(context: GradientContext, groups: number, scales: 'channel' | 'group') {
  const { builder, node, inputs, dy, wants, shapeOf } = context;
  const { mul } = algebra(builder);
  const [x, scale] = inputs;
  const [, channels, ...plane] = shapeOf(x);
  const area = plane.reduce((a, b) => a * b, 1);
  const elements = (channels / groups) * area;
  if ([channels, ...plane].some((dim) => dim < 0))
    refuse(context, 'its channel or plane sizes follow the batch');
  const grouped = (value: string) => builder.reshape(value, [-1, groups, elements]);
  const of = normalized(builder, grouped(x), [2], floatOf(node, 'epsilon', 1e-5));
  // A row for each scale: of a group that is the whole, of a channel its plane.
  const rows = scales === 'group' ? groups : channels;
  const lines = (value: string) => builder.reshape(value, [-1, rows, (channels / rows) * area]);
  const scaled = () => mul(lines(dy), builder.reshape(scale, [rows, 1]));
  const sum = (value: string) => builder.reduceSum(value, [0, 2], false);
  return [
    wants(0) ? builder.reshape(through(builder, of, grouped(scaled())), shapeOf(x)) : undefined,
    wants(1) ? sum(mul(lines(dy), lines(of.hat))) : undefined,
    wants(2) ? sum(lines(dy)) : undefined,
  ];
}

/** Normalization within each sample. */
export const sampleNorm: Readonly<Record<string, GradientRule>> = {
  LayerNormalization: overLastAxes(),
  RMSNormalization: overLastAxes('kept'),

  InstanceNormalization: (context) => overGroups(context, context.shapeOf(context.inputs[0])[1], 'channel'),

  GroupNormalization(context) {
    const groups = intOf(context.node, 'num_groups', 1);
    return overGroups(context, groups, context.builder.opset < 21 ? 'group' : 'channel');
  },

  /**
   * Normalizes across neighbouring channels (Krizhevsky et al., 2012): y = x · s^-beta, s = bias + alpha/size · Σ x²
   * over a window of `size` channels.
   */
  LRN(context) {
    const { builder, node, inputs, dy, shapeOf } = context;
    const { add, sub, mul, pow } = algebra(builder);
    const [x] = inputs;
    const shape = shapeOf(x);
    const size = intOf(node, 'size', 1);
    const share = floatOf(node, 'alpha', 1e-4) / size;
    const beta = floatOf(node, 'beta', 0.75);
    const [before, after] = [Math.floor((size - 1) / 2), Math.ceil((size - 1) / 2)];
    const channels = shape[1];
    const window = (reach: [number, number]) => {
      const data = new Float32Array(channels ** 2);
      data.forEach((_, at) => {
        const apart = (at % channels) - Math.floor(at / channels);
        data[at] = apart >= -reach[0] && apart <= reach[1] ? 1 : 0;
      });
      return { from: channels, to: channels, data };
    };
    // Carrying back through the reversed window is the same as summing over the window itself.
    const squares = backAlong(context, mul(x, x), shape, 1, window([after, before]));
    const base = add(mul(squares, share), floatOf(node, 'bias', 1));
    const power = pow(base, -beta);
    const met = mul(mul(dy, x), pow(base, -beta - 1));
    const back = backAlong(context, met, shape, 1, window([before, after]));
    return [sub(mul(dy, power), mul(mul(x, back), 2 * share * beta))];
  },
};
