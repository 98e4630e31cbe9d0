import { floats } from '../../tensor/tensor';
import type { Builder } from '../step/builder';
import type { GradientContext } from './table';
import { met, offsets, overhang, type Window } from '../step/window';

/** A 2-D convolution: weight [K, C/groups, R, S], input [N, C, H, W], output [N, K, OH, OW]. */
export interface Convolution extends Window {
  readonly groups: number;
  readonly K: number;
  readonly C: number;
}

/**
 * The gradient of a convolution's weight, always one product of matrices (a matrix a group) of the input and dY, both
 * with channels first; the forms differ in how they lay out what meets at each kernel offset.
 * @param rows dY as [K, N, OH, OW].
 */
export function weightGradient(
  { builder, inputs }: GradientContext,
  conv: Convolution,
  rows: string,
): string {
  const x = builder.transpose(inputs[0], [1, 0, 2, 3]);
  const { strides, input, output } = conv;
  const sameSize = input[0] === output[0] && input[1] === output[1];
  return Math.max(...strides) === 1 && sameSize
    ? byShifts(builder, conv, x, rows)
    : byOffsets(builder, conv, x, rows);
}

/** Any convolution: the input once for each kernel offset (im2col). */
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
 * The product of two matrices [rows, L], the second transposed; where there are several groups, of the rows of each, as
 * [groups, rows / groups, rows / groups].
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

/** One copy of a tensor: what of each plane to keep, and by how many elements of the flattened planes to move it. */
interface Shift {
  readonly rows: number;
  readonly columns: number;
}

/**
 * Stride 1, output as large as input: dW[r, s] is the product of dY and the input moved by an offset. Flattened to
 * [channels, N · H · W], moving is an offset into memory, once the elements that would cross an edge of their plane are
 * zeroed. The columns' S moves are made on the input and the rows' R on dY, so that R + S copies give all R · S
 * offsets in one product; a kernel of one row or column moves whichever has fewer channels.
 */
function byShifts(builder: Builder, conv: Convolution, x: string, dy: string): string {
  const { groups, K, C, kernel, dilations, begin, input } = conv;
  const [R, S] = kernel;
  const along = (axis: 0 | 1) =>
    Array.from({ length: kernel[axis] }, (_, at) => at * dilations[axis] - begin[axis]);
  const rowShifts: Shift[] = along(0).map((rows) => ({ rows, columns: 0 }));
  const columnShifts: Shift[] = along(1).map((columns) => ({ rows: 0, columns }));
  const backward = ({ rows, columns }: Shift): Shift => ({ rows: -rows, columns: -columns });
  // X[p + shift] against dY[p] is the same sum as X[p] against dY[p - shift].
  const single = R === 1 ? columnShifts : S === 1 ? rowShifts : undefined;
  const still: Shift[] = [{ rows: 0, columns: 0 }];
  const [ofX, ofDy] = !single
    ? [columnShifts.map(backward), rowShifts]
    : C <= K
      ? [single.map(backward), still]
      : [still, single];
  const distance = ({ rows, columns }: Shift) => rows * input[1] + columns;
  const moves = [...ofX, ...ofDy].map(distance);
  const room = { before: Math.max(0, -Math.min(...moves)), after: Math.max(0, ...moves) };
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
  const product = products(builder, groups, ...(tall ? pair : pair.reverse()));
  const parts = builder.reshape(product, tall ? [groups, outer, r, inner, s] : [groups, inner, s, outer, r]);
  const sorted = builder.transpose(parts, tall ? [0, 1, 3, 2, 4] : [0, 3, 1, 4, 2]);
  return builder.reshape(sorted, [K, inner, R, S]);
}

/**
 * Copies of a tensor [channels, N, H, W], each moved forward by one of `shifts`, as the rows of a matrix
 * [channels · shifts, before + N · H · W + after]. The copies are joined with zeros between them, as many as bring each
 * to its place once the whole is cut into rows: one pass over memory.
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

/** 1 for the elements of a plane that stay on it when moved, else 0. */
function kept({ rows, columns }: Shift, height: number, width: number): Float32Array {
  return Float32Array.from({ length: height * width }, (_, at) => {
    const row = Math.floor(at / width) + rows;
    const column = (at % width) + columns;
    return row >= 0 && row < height && column >= 0 && column < width ? 1 : 0;
  });
}
