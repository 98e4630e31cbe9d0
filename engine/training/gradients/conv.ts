import { intOf, intsOf, stringOf } from '../../onnx/node-attributes';
import type { GradientContext, GradientRule } from './rule';
import { composes, interleaved } from '../emit/composites';
import { overhang, type Pair, transposed, windowOf } from '../emit/plane-window';
import { channelsFirst, type Convolution, weightForm, weightGradient } from './conv-weight';
import { onPlanes } from './planes';

function convolutionOf({ node, inputs, output, shapeOf }: GradientContext): Convolution {
  const [K, , R, S] = shapeOf(inputs[1]);
  const [, C, H, W] = shapeOf(inputs[0]);
  const [, , OH, OW] = shapeOf(output);
  return { ...windowOf(node, [R, S], [H, W], [OH, OW]), groups: intOf(node, 'group', 1), K, C };
}

/** Returns the convolution that a ConvTranspose reverses: from its output's plane to its input's. */
function reversedOf({ node, inputs, output, shapeOf }: GradientContext): Convolution {
  const [K, , ...kernel] = shapeOf(inputs[1]);
  const [, , ...small] = shapeOf(inputs[0]);
  const [, C, ...large] = shapeOf(output);
  const pair = (rule: (axis: 0 | 1) => number): Pair => [rule(0), rule(1)];
  const attribute = (name: string, fallback: number) => {
    const given = intsOf(node, name);
    return pair((axis) => given?.[axis] ?? fallback);
  };
  const [strides, dilations] = [attribute('strides', 1), attribute('dilations', 1)];
  const extra = attribute('output_padding', 0);
  const auto = stringOf(node, 'auto_pad', 'NOTSET');
  const given = auto === 'NOTSET' && !intsOf(node, 'output_shape') ? attribute('pads', 0) : undefined;
  // Windows beyond the output's plane cover padding; of an odd number SAME_UPPER puts the smaller half before.
  const begin = pair((axis) => {
    const covered = strides[axis] * (small[axis] - 1) + dilations[axis] * (kernel[axis] - 1) + 1;
    const total = Math.max(0, covered + extra[axis] - large[axis]);
    if (given) return given[axis];
    return auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
  });
  const sizes = { input: pair((axis) => large[axis]), output: pair((axis) => small[axis]) };
  const window = { kernel: pair((axis) => kernel[axis]), strides, dilations, begin, end: begin, ...sizes };
  return { ...window, groups: intOf(node, 'group', 1), K, C };
}

/** For each element of the weight rotated by a half turn, with channels swapped within a group, its index in the weight. */
function halfTurn(conv: Convolution): Int32Array {
  return turned(conv, conv.kernel.map((size) => [...Array(size).keys()]) as [number[], number[]]);
}

/** The same for only the taps in some rows and columns of the kernel. */
function turned(
  { groups, K, C, kernel: [R, S] }: Convolution,
  [rows, columns]: [number[], number[]],
): Int32Array {
  const [outer, inner] = [K / groups, C / groups];
  const index: number[] = [];
  for (let c = 0; c < C; c++) {
    const first = Math.floor(c / inner) * outer;
    for (let k = first; k < first + outer; k++) {
      for (const row of [...rows].reverse())
        for (const column of [...columns].reverse())
          index.push(((k * inner + (c % inner)) * R + row) * S + column);
    }
  }
  return Int32Array.from(index);
}

/**
 * For stride 1 a Conv of dY with the weight rotated by a half turn and channels swapped; else by phases, or a
 * ConvTranspose.
 */
function inputGradient(context: GradientContext, conv: Convolution): string {
  const { builder, inputs, dy } = context;
  const { groups, K, C, kernel, strides, dilations, begin } = conv;
  if (Math.max(...strides) > 1) {
    const phases = phasesOf(conv);
    if (phases && composes(builder, K, C)) return byPhases(context, conv, phases);
  }
  const pads = [
    ...kernel.map((size, axis) => dilations[axis] * (size - 1) - begin[axis]),
    ...kernel.map((size, axis) => dilations[axis] * (size - 1) - overhang(conv)[axis]),
  ];
  if (Math.max(...strides) > 1 || Math.min(...pads) < 0) {
    return builder.op('ConvTranspose', [dy, inputs[1]], { ...transposed(conv), group: groups });
  }
  const weight = builder.rearrange(inputs[1], halfTurn(conv), [C, K / groups, ...kernel]);
  return builder.op('Conv', [dy, weight], { kernel_shape: kernel, dilations, pads, group: groups });
}

/** Every stride-th row, or column, of the input: the taps of the kernel that reach it, and the padding of dY for them. */
interface Phase {
  readonly taps: number[];
  readonly pads: Pair;
}

/**
 * Returns the phases of both axes; undefined if they differ in size, dY would have to be cropped, or the convolution is
 * not computed in blocks.
 */
function phasesOf(conv: Convolution): [Phase[], Phase[]] | undefined {
  const { groups, K, C, kernel, strides, dilations, begin, input, output } = conv;
  const dense = groups === 1 || (groups === K && groups === C);
  if (!dense || Math.max(...dilations) > 1 || input.some((size, axis) => size % strides[axis]))
    return undefined;
  const along = (axis: 0 | 1): Phase[] =>
    Array.from({ length: strides[axis] }, (_, phase) => {
      const stride = strides[axis];
      const first = (phase + begin[axis]) % stride;
      const taps = [...Array(kernel[axis]).keys()].filter((tap) => tap % stride === first);
      const before = taps.length - 1 - (phase + begin[axis] - first) / stride;
      const after = input[axis] / stride - output[axis] - before + taps.length - 1;
      return { taps, pads: [before, after] };
    });
  const phases: [Phase[], Phase[]] = [along(0), along(1)];
  const padded = phases.flat().every(({ taps, pads }) => !taps.length || Math.min(...pads) >= 0);
  return padded ? phases : undefined;
}

/**
 * Computes each phase of dX as a convolution of dY with some of the taps, at stride 1; no element is multiplied by a
 * zero in between.
 */
function byPhases(
  { builder, inputs, dy, shapeOf, output }: GradientContext,
  conv: Convolution,
  [rows, columns]: [Phase[], Phase[]],
): string {
  const { groups, K, C, strides, input } = conv;
  const dims = shapeOf(inputs[0]);
  builder.shapes.set(dy, shapeOf(output));
  const parts = rows.flatMap((row) =>
    columns.map((column) => {
      const taps: [number[], number[]] = [row.taps, column.taps];
      const kernel = taps.map(({ length }) => length);
      if (kernel.includes(0)) return '';
      const weight = builder.rearrange(inputs[1], turned(conv, taps), [C, K / groups, ...kernel]);
      const pads = [0, 1].flatMap((side) => [row.pads[side], column.pads[side]]);
      const part = builder.op('Conv', [dy, weight], { kernel_shape: kernel, pads, group: groups });
      builder.shapes.set(part, [...dims.slice(0, 2), input[0] / strides[0], input[1] / strides[1]]);
      return part;
    }),
  );
  return interleaved(builder, parts, strides, dims);
}

/** Computes a ConvTranspose's dX: the convolution that it reverses, applied to dY. */
function reversedInputGradient({ builder, inputs, dy }: GradientContext, conv: Convolution): string {
  const { kernel, strides, dilations, begin, groups } = conv;
  const over = overhang(conv);
  const cropped = builder.pad(dy, [0, 0, 0, 0, 0, 0, ...over.map((extent) => Math.min(extent, 0))]);
  const pads = [...begin, ...over.map((extent) => Math.max(extent, 0))];
  return builder.op('Conv', [cropped, inputs[1]], {
    kernel_shape: kernel,
    strides,
    dilations,
    pads,
    group: groups,
  });
}

/** Convolutions over one or two spatial axes. */
export const conv: Readonly<Record<string, GradientRule>> = {
  Conv: (context) =>
    onPlanes(context, [0, 1], (planes) => {
      const { builder, inputs, dy, wants } = planes;
      const shape = convolutionOf(planes);
      const form = weightForm(builder, shape);
      const rows = channelsFirst(form) ? builder.transpose(dy, [1, 0, 2, 3]) : undefined;
      const sum = () =>
        rows
          ? builder.reduceSum(builder.reshape(rows, [shape.K, -1]), [1], false)
          : builder.reduceSum(dy, [0, 2, 3], false);
      return [
        wants(0) ? inputGradient(planes, shape) : undefined,
        wants(1) ? weightGradient(builder, shape, form, { x: inputs[0], dy, rows }) : undefined,
        wants(2) ? sum() : undefined,
      ];
    }),

  ConvTranspose: (context) =>
    onPlanes(context, [0, 1], (planes) => {
      const { builder, inputs, dy, wants } = planes;
      const shape = reversedOf(planes);
      const form = weightForm(builder, shape);
      const rows = channelsFirst(form) ? builder.transpose(inputs[0], [1, 0, 2, 3]) : undefined;
      const sides = { x: dy, dy: inputs[0], rows };
      return [
        wants(0) ? reversedInputGradient(planes, shape) : undefined,
        wants(1) ? weightGradient(builder, shape, form, sides) : undefined,
        wants(2) ? builder.reduceSum(dy, [0, 2, 3], false) : undefined,
      ];
    }),
};
