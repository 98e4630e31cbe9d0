import fc from 'fast-check';

import type { Example, Values } from '../differences';
import { input, type Rows, seeds, size } from './arbitraries';

/** A window over one or two axes that lies on a plane of at least one position. */
const windows = fc.integer({ min: 1, max: 2 }).chain((axes) => {
  const each = (min: number, max: number) =>
    fc.array(fc.integer({ min, max }), { minLength: axes, maxLength: axes });
  return fc
    .record({
      kernel: each(1, 3),
      strides: each(1, 3),
      dilations: each(1, 2),
      begin: each(0, 2),
      end: each(0, 2),
      more: each(0, 4),
    })
    .map(({ kernel, strides, dilations, begin, end, more }) => ({
      // Padding as large as the kernel would make windows of padding alone.
      pads: [begin, end].flatMap((side) => side.map((pad, at) => Math.min(pad, kernel[at] - 1))),
      plane: kernel.map((extent, at) => (extent - 1) * dilations[at] + 1 + more[at]),
      kernel,
      strides,
      dilations,
    }));
});

const channels = fc
  .record({ groups: fc.constantFrom(1, 1, 2, 3), inner: size(1, 3), outer: size(1, 3) })
  .map(({ groups, inner, outer }) => ({ groups, C: groups * inner, K: groups * outer }));

const convolution = (op: 'Conv' | 'ConvTranspose') =>
  fc
    .tuple(windows, channels, size(1, 2), fc.boolean(), fc.nat({ max: 2 }), seeds)
    .map(([{ kernel, strides, dilations, pads, plane }, { groups, C, K }, N, bias, extra, seed]): Example => {
      const weight = op === 'Conv' ? [K, C / groups, ...kernel] : [C, K / groups, ...kernel];
      const padding = strides.map((stride) => Math.min(extra, stride - 1));
      return {
        op,
        inputs: [input([N, C, ...plane]), input(weight), ...(bias ? [input([K])] : [])],
        attributes: {
          kernel_shape: kernel,
          strides,
          dilations,
          pads,
          group: groups,
          ...(op === 'ConvTranspose' && { output_padding: padding }),
        },
        seed,
      };
    });

const pool = (
  op: string,
  values: Values,
  attributes: (flags: readonly boolean[]) => Example['attributes'] = () => ({}),
) =>
  fc
    .tuple(windows, size(1, 2), size(1, 3), fc.tuple(fc.boolean(), fc.boolean()), seeds)
    .map(([{ kernel, strides, dilations, pads, plane }, N, C, flags, seed]): Example => ({
      op,
      inputs: [input([N, C, ...plane], values)],
      attributes: {
        kernel_shape: kernel,
        strides,
        dilations,
        pads,
        // ONNX's shape inference counts a window that would begin past the end, which ONNX Runtime leaves out.
        ...attributes([flags[0] && strides.every((stride, at) => stride <= kernel[at]), flags[1]]),
      },
      seed,
    }));

const whole = (op: string, values: Values, attributes?: Example['attributes']) =>
  fc
    .tuple(fc.array(size(1, 4), { minLength: 3, maxLength: 5 }), seeds)
    .map(([dims, seed]): Example => ({ op, inputs: [input(dims, values)], attributes, seed }));

/** Convolutions and pools. */
export const slidingWindows: Rows = {
  Conv: convolution('Conv'),
  ConvTranspose: convolution('ConvTranspose'),
  MaxPool: pool('MaxPool', 'apart', ([ceil]) => ({ ceil_mode: Number(ceil) })),
  AveragePool: pool('AveragePool', 'normal', ([ceil, padding]) => ({
    ceil_mode: Number(ceil),
    count_include_pad: Number(padding),
  })),
  LpPool: pool('LpPool', 'positive', ([three]) => ({ p: three ? 3 : 2 })),
  GlobalAveragePool: whole('GlobalAveragePool', 'normal'),
  GlobalMaxPool: whole('GlobalMaxPool', 'apart'),
  GlobalLpPool: fc.oneof(
    whole('GlobalLpPool', 'positive', { p: 2 }),
    whole('GlobalLpPool', 'stepped', { p: 1 }),
  ),
};
