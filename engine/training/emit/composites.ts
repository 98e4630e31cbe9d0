import type { Builder } from './builder';
import type { Shape } from './batch-shapes';
import type { Pair } from './plane-window';

/** Domain of operators that exist in a graph only until `lowerToBlocks` writes them out in the blocked layout. */
export const compositeDomain = 'slimflow';

/** Fewest channels for which a block is worthwhile. */
export const fewestChannels = 4;

/** Tells if values with these numbers of channels may be passed to a composite. */
export const composes = (builder: Builder, ...channels: readonly number[]): boolean =>
  builder.blocked && channels.every((count) => count >= fewestChannels);

/**
 * Makes the tensor of shape `dims` whose rows a, a + strides[0], … and columns b, b + strides[1], … are phase a ·
 * strides[1] + b; '' is a phase of zeros. All phases have the same size.
 */
export function interleaved(builder: Builder, phases: readonly string[], strides: Pair, dims: Shape): string {
  const value = builder.contrib(compositeDomain, 'Interleave', phases, { strides });
  builder.shapes.set(value, dims);
  return value;
}

/**
 * Computes the gradient of a max pool whose windows of `kernel` are adjacent and fill the plane; the first of equal
 * maxima gets all of it.
 */
export function besideMaxPool(
  builder: Builder,
  [x, y, dy]: readonly { readonly value: string; readonly dims: Shape }[],
  kernel: Pair,
): string {
  for (const { value, dims } of [x, y, dy]) builder.shapes.set(value, dims);
  const inputs = [x, y, dy].map(({ value }) => value);
  const gradient = builder.contrib(compositeDomain, 'MaxPoolGradient', inputs, { kernel_shape: kernel });
  builder.shapes.set(gradient, x.dims);
  return gradient;
}

/** Movement of dY as the kernel of a convolution over the input, whose result is the weight's gradient. */
export interface Sweep {
  readonly kernel_shape: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  /** Before rows and columns, then after them. */
  readonly pads: readonly number[];
}

/** Computes the gradient [C, 1, R, S] of a depthwise convolution's weight. */
export function depthwiseWeightGradient(
  builder: Builder,
  [x, dy]: readonly { readonly value: string; readonly dims: Shape }[],
  [R, S]: Pair,
  sweep: Sweep,
): string {
  for (const { value, dims } of [x, dy]) builder.shapes.set(value, dims);
  const gradient = builder.contrib(compositeDomain, 'DepthwiseWeightGradient', [x.value, dy.value], {
    ...sweep,
  });
  builder.shapes.set(gradient, [x.dims[1], 1, R, S]);
  return gradient;
}

/** Computes the mean of each channel of `x`, [N, C, H, W], as [C]. */
export function channelMean(builder: Builder, x: string, dims: Shape): string {
  builder.shapes.set(x, dims);
  return builder.contrib(compositeDomain, 'ChannelMean', [x]);
}

/** Computes the number of elements per channel of `x`, [N, C, H, W], as a float scalar. */
export function channelSize(builder: Builder, x: string, dims: Shape): string {
  builder.shapes.set(x, dims);
  return builder.contrib(compositeDomain, 'ChannelSize', [x]);
}

/** Computes x · scale + shift + sum, with per-channel scale and shift and a sum of x's shape, [N, C, H, W]. */
export function channelAffine(
  builder: Builder,
  of: {
    readonly x: string;
    readonly scale: string;
    readonly shift?: string;
    readonly sum?: string;
    readonly dims: Shape;
  },
  output?: string,
): string {
  const { x, scale, shift = '', sum, dims } = of;
  const inputs = [x, scale, ...(sum ? [shift, sum] : shift ? [shift] : [])];
  const value = builder.contrib(compositeDomain, 'ChannelAffine', inputs, {}, output);
  for (const one of [x, value, ...(sum ? [sum] : [])]) builder.shapes.set(one, dims);
  return value;
}
