import { floats } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import { composes, depthwiseWeightGradient } from '../emit/composites';
import { met, offsets, overhang, type Window } from '../emit/plane-window';

/** A 2-D convolution: weight [K, C/groups, R, S], input [N, C, H, W], output [N, K, OH, OW]. */
export interface Convolution extends Window {
  readonly groups: number;
  readonly K: number;
  readonly C: number;
}

/**
 * Forms of computing a weight's gradient:
 * - `depthwise`: as a depthwise convolution of the input by dY, in the blocked layout;
 * - `pointwise`: for a 1x1 kernel, one matrix product per image, summed;
 * - `shifts`, `offsets`: one product (per group) of the input and dY, both with channels first, copied so that what
 * meets
 * at each kernel offset is at the same position.
 */
export type WeightForm = 'depthwise' | 'pointwise' | 'shifts' | 'offsets';

/** Tells if a form reads dY with channels first. */
export const channelsFirst = (form: WeightForm): boolean => form === 'shifts' || form === 'offsets';

/** Chooses the form that was measured to be fastest for a convolution (docs/training.md). */
export function weightForm(builder: Builder, conv: Convolution): WeightForm {
  const { groups, K, C, kernel, strides, dilations, input, output } = conv;
  const sameSize = input[0] === output[0] && input[1] === output[1] && Math.max(...strides) === 1;
  const fits = overhang(conv).every((extent, axis) => extent > -dilations[axis]);
  if (groups > 1 && groups === K && groups === C && fits && composes(builder, C)) return 'depthwise';
  const pointwise = groups === 1 && sameSize && Math.max(...kernel) === 1;
  // One product per image leaves K · C numbers to sum, and saves transposing (K + C) · H · W.
  if (pointwise && builder.blocked && 4 * K * C <= (K + C) * input[0] * input[1]) return 'pointwise';
  return sameSize ? 'shifts' : 'offsets';
}

/** Input [N, C, H, W] and output's gradient [N, K, OH, OW] of a convolution; `rows` is `dy` as [K, N, OH, OW]. */
export interface Sides {
  readonly x: string;
  readonly dy: string;
  readonly rows?: string;
}

/** Computes the gradient [K, C/groups, R, S] of a convolution's weight. */
export function weightGradient(
  builder: Builder,
  conv: Convolution,
  form: WeightForm,
  { x, dy, rows = dy }: Sides,
): string {
  if (form === 'depthwise') return byDepthwise(builder, conv, x, dy);
  if (form === 'pointwise') return byImages(builder, conv, x, dy);
  const columns = builder.transpose(x, [1, 0, 2, 3]);
  return form === 'shifts' ? byShifts(builder, conv, columns, rows) : byOffsets(builder, conv, columns, rows);
}

/** dW[c] is the input's channel c, padded, convolved with the plane of dY: strides and dilations swap roles. */
function byDepthwise(builder: Builder, conv: Convolution, x: string, dy: string): string {
  const { C, kernel, strides, dilations, begin, input, output } = conv;
  const end = overhang(conv).map((extent) => Math.max(extent, 0));
  const sides = [
    { value: x, dims: [-1, C, ...input] },
    { value: dy, dims: [-1, C, ...output] },
  ];
  const pads = [...begin, ...end];
  return depthwiseWeightGradient(builder, sides, kernel, {
    kernel_shape: output,
    strides: dilations,
    dilations: strides,
    pads,
  });
}

function byImages(builder: Builder, { K, C, kernel }: Convolution, x: string, dy: string): string {
  const planes = [builder.reshape(dy, [0, K, -1]), builder.reshape(x, [0, C, -1])];
  // As in byShifts, the longer side goes on the left.
  const tall = K >= C;
  const pair = tall ? planes : planes.reverse();
  const each = builder.contrib('com.microsoft', 'FusedMatMul', pair, { transB: 1 });
  const sum = builder.reduceSum(each, [0], false);
  return builder.reshape(tall ? sum : builder.transpose(sum, [1, 0]), [K, C, ...kernel]);
}

/** For any convolution: copies the input once per kernel offset (im2col). */
function byOffsets(builder: Builder, conv: Convolution, x: string, rows: string): string {
  const { groups, K, C, kernel, begin } = conv;
  const end = overhang(conv).map((extent) => Math.max(extent, 0));
  const padded = builder.pad(x, [0, 0, ...begin, 0, 0, ...end]);
  const columns = builder.concat(
    offsets(conv).map((offset) => builder.reshape(builder.slice(padded, met(conv, offset)), [C, 1, -1])),
    1,
  );
  const perGroup = (C / groups) * kernel[0] * kernel[1];
  const left = builder.reshape(rows, [K, -1]);
  const right = builder.reshape(columns, [groups * perGroup, -1]);
  return builder.reshape(products(builder, groups, [left, K], [right, groups * perGroup]), [
    K,
    C / groups,
    ...kernel,
  ]);
}

/**
 * Multiplies two matrices [rows, L], the second transposed; with several groups, the rows of each, as [groups, rows /
 * groups, rows / groups].
 */
function products(
  builder: Builder,
  groups: number,
  ...matrices: readonly [value: string, rows: number][]
): string {
  // ONNX's own MatMul would need the longer matrices transposed first.
  return groups === 1
    ? builder.op(
        'Gemm',
        matrices.map(([value]) => value),
        { transB: 1 },
      )
    : builder.contrib(
        'com.microsoft',
        'FusedMatMul',
        matrices.map(([value, rows]) => builder.reshape(value, [groups, rows / groups, -1])),
        { transB: 1 },
      );
}

/** One copy of a tensor: the part of each plane to keep, and the shift in elements of the flattened planes. */
interface Shift {
  readonly rows: number;
  readonly columns: number;
}

/**
 * For stride 1 and an output as large as the input: dW[r, s] is the product of dY and the input shifted by an offset.
 * Flattened to [channels, N · H · W], a shift is an offset into memory, once elements that would cross an edge of their
 * plane are zeroed. The columns' S shifts are made on the input and the rows' R on dY, so that R + S copies give all R
 * · S offsets in one product; for a kernel of one row or column, or if one side has at most a quarter of the other's
 * channels, whichever has fewer makes all shifts.
 */
function byShifts(builder: Builder, conv: Convolution, x: string, dy: string): string {
  const { groups, K, C, kernel, dilations, begin, input } = conv;
  const [R, S] = kernel;
  const along = (axis: 0 | 1) =>
    Array.from({ length: kernel[axis] }, (_, at) => at * dilations[axis] - begin[axis]);
  const [rowMoves, columnMoves] = [along(0), along(1)];
  const backward = ({ rows, columns }: Shift): Shift => ({ rows: -rows, columns: -columns });
  // X[p + shift] against dY[p] is the same sum as X[p] against dY[p - shift].
  const one = R === 1 || S === 1 || Math.max(C, K) >= 4 * Math.min(C, K);
  const moves = (rows: number[], columns: number[]): Shift[] =>
    rows.flatMap((row) => columns.map((column) => ({ rows: row, columns: column })));
  const [ofX, ofDy] = !one
    ? [moves([0], columnMoves).map(backward), moves(rowMoves, [0])]
    : C <= K
      ? [moves(rowMoves, columnMoves).map(backward), moves([0], [0])]
      : [moves([0], [0]), moves(rowMoves, columnMoves)];
  const distance = ({ rows, columns }: Shift) => rows * input[1] + columns;
  const distances = [...ofX, ...ofDy].map(distance);
  const room = { before: Math.max(0, -Math.min(...distances)), after: Math.max(0, ...distances) };
  const left = moved(builder, dy, K, ofDy, input, room);
  const right = moved(builder, x, C, ofX, input, room);
  const [r, s] = [ofDy.length, ofX.length];
  const [outer, inner] = [K / groups, C / groups];
  // ONNX Runtime's product is up to 1.6 times faster with the longer side on the left.
  const tall = outer * r >= inner * s;
  const pair: [string, number][] = [
    [left, K * r],
    [right, C * s],
  ];
  const multiplied = products(builder, groups, ...(tall ? pair : pair.reverse()));
  const parts = builder.reshape(
    multiplied,
    tall ? [groups, outer, r, inner, s] : [groups, inner, s, outer, r],
  );
  const sorted = builder.transpose(parts, tall ? [0, 1, 3, 2, 4] : [0, 3, 1, 4, 2]);
  return builder.reshape(sorted, [K, inner, R, S]);
}

/**
 * Copies a tensor [channels, N, H, W], shifted forward by each of `shifts`, as the rows of a matrix [channels · shifts,
 * before + N · H · W + after]. The copies are joined with as many zeros between them as bring each to its position once
 * the whole is cut into rows: one pass over memory.
 */
function moved(
  builder: Builder,
  value: string,
  channels: number,
  shifts: readonly Shift[],
  [height, width]: readonly [number, number],
  { before, after }: { before: number; after: number },
): string {
  const flat = builder.reshape(value, [channels, -1]);
  if (!before && !after) return flat;
  const places = shifts.map(({ rows, columns }) => before + rows * width + columns);
  const zeros = (count: number) => (count ? [builder.zeros([channels, count])] : []);
  const parts = shifts.flatMap((shift, at) => [
    ...zeros(at ? before + after + places[at] - places[at - 1] : places[0]),
    shift.rows || shift.columns
      ? builder.reshape(
          builder.op('Mul', [
            builder.reshape(value, [channels, -1, height * width]),
            builder.constant(floats([height * width], kept(shift, height, width))),
          ]),
          [channels, -1],
        )
      : flat,
  ]);
  const stream = builder.concat([...parts, ...zeros(after - (places[places.length - 1] - before))], 1);
  return builder.reshape(stream, [channels * shifts.length, -1]);
}

/** 1 for the elements of a plane that stay on it when shifted, else 0. */
function kept({ rows, columns }: Shift, height: number, width: number): Float32Array {
  return Float32Array.from({ length: height * width }, (_, at) => {
    const row = Math.floor(at / width) + rows;
    const column = (at % width) + columns;
    return row >= 0 && row < height && column >= 0 && column < width ? 1 : 0;
  });
}
