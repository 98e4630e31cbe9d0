import fc from 'fast-check';

import { floats, int64s, sizeOf } from '../../../../../engine/tensor/tensor';
import type { Example } from '../differences';
import { axesOf, broadcasts, input, type Rows, seeds, shapes, size } from './arbitraries';

/** A tensor and one of its axes. */
const along = fc
  .tuple(shapes(1, 4), fc.nat({ max: 3 }), seeds)
  .map(([dims, at, seed]) => ({ dims, axis: at % dims.length, seed }));

const permutation = (rank: number) =>
  fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank, maxLength: rank });

const unsqueezed = fc
  .tuple(shapes(0, 3), fc.integer({ min: 1, max: 2 }), seeds)
  .chain(([dims, added, seed]) =>
    fc.tuple(
      fc.constant({ dims, seed }),
      axesOf(dims.length + added, added).map((axes) => axes.slice(0, added)),
    ),
  );

const slice = shapes(1, 4, 6).chain((dims) =>
  fc
    .tuple(
      axesOf(dims.length),
      fc.array(
        fc.tuple(
          fc.integer({ min: -7, max: 7 }),
          fc.integer({ min: 0, max: 7 }),
          fc.constantFrom(1, 1, 2, 3, -1, -2),
        ),
        { minLength: 4, maxLength: 4 },
      ),
      seeds,
    )
    .map(([axes, ranges, seed]): Example => {
      const part = (pick: (range: readonly [number, number, number], dim: number) => number) =>
        int64s(axes.map((axis, at) => pick(ranges[at], dims.at(axis)!)));
      // Begun inside the tensor, so that something is left.
      const start = (given: number, dim: number) => given % dim;
      return {
        op: 'Slice',
        inputs: [
          input(dims),
          part(([given], dim) => start(given, dim)),
          part(([given, length, step], dim) => {
            const first = (start(given, dim) + dim) % dim;
            return step > 0 ? first + 1 + length : first - 1 - length < 0 ? -(2 ** 40) : first - 1 - length;
          }),
          int64s(axes),
          part(([, , step]) => step),
        ],
        seed,
      };
    }),
);

const pad = fc
  .tuple(
    shapes(1, 4, 5),
    fc.constantFrom('constant', 'reflect', 'edge', 'wrap'),
    fc.array(fc.integer({ min: -2, max: 4 }), { minLength: 8, maxLength: 8 }),
    seeds,
  )
  .map(([dims, mode, wishes, seed]): Example => {
    const [least, most] = mode === 'constant' ? [-1, 4] : [0, mode === 'edge' ? 4 : Infinity];
    const pads = [0, 1].flatMap((side) =>
      dims.map((dim, axis) => {
        const room = Math.min(most, mode === 'reflect' || mode === 'wrap' ? dim - 1 : most);
        return Math.min(Math.max(wishes[side * 4 + axis], dim > 2 ? least : 0), room);
      }),
    );
    return { op: 'Pad', inputs: [input(dims), int64s(pads)], attributes: { mode }, seed };
  });

const resize = fc
  .tuple(
    size(1, 2),
    fc.array(fc.tuple(size(1, 5), size(1, 9)), { minLength: 1, maxLength: 2 }),
    fc.constantFrom('nearest', 'linear', 'cubic'),
    fc.constantFrom(
      'half_pixel',
      'pytorch_half_pixel',
      'half_pixel_symmetric',
      'align_corners',
      'asymmetric',
    ),
    fc.constantFrom('round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'),
    fc.option(fc.constantFrom(0.5, 1.5, 2, 3), { nil: undefined }),
    seeds,
  )
  .map(([C, plane, mode, transformation, rounding, scale, seed]): Example => {
    // Cubic interpolation is of planes in ONNX Runtime.
    const axes = mode === 'cubic' && plane.length === 1 ? [...plane, ...plane] : plane;
    const before = axes.map(([from]) => (scale === 0.5 ? from + 1 : from));
    return {
      op: 'Resize',
      inputs: [
        input([1, C, ...before]),
        undefined,
        scale ? floats([axes.length + 2], [1, 1, ...axes.map(() => scale)]) : undefined,
        scale ? undefined : int64s([1, C, ...axes.map(([, to]) => to)]),
      ],
      attributes: { mode, coordinate_transformation_mode: transformation, nearest_mode: rounding },
      seed,
    };
  });

const depth = (
  op: string,
  attributes: Example['attributes'],
  dims: (b: number, sizes: readonly number[]) => number[],
) =>
  fc
    .tuple(size(1, 3), fc.array(size(1, 3), { minLength: 4, maxLength: 4 }), seeds)
    .map(([b, sizes, seed]): Example => ({
      op,
      inputs: [input(dims(b, sizes))],
      attributes: { blocksize: b, ...attributes },
      seed,
    }));
const deep = (b: number, [N, C, H, W]: readonly number[]) => [N, C * b * b, H, W];

/** Operators that move, choose, repeat and interpolate elements. */
export const moves: Rows = {
  Flatten: along.map(({ dims, axis, seed }) => ({
    op: 'Flatten',
    inputs: [input(dims)],
    attributes: { axis },
    seed,
  })),
  Reshape: along.map(({ dims, axis, seed }) => ({
    op: 'Reshape',
    inputs: [input(dims), int64s([-1, dims[axis]])],
    seed,
  })),
  Squeeze: unsqueezed.map(([{ dims, seed }, axes]) => {
    const rank = dims.length + axes.length;
    const ones = new Set(axes.map((axis) => (axis + rank) % rank));
    const rest = [...dims];
    const whole = Array.from({ length: rank }, (_, axis) => (ones.has(axis) ? 1 : rest.shift()!));
    return { op: 'Squeeze', inputs: [input(whole), int64s(axes)], seed };
  }),
  Unsqueeze: unsqueezed.map(([{ dims, seed }, axes]) => ({
    op: 'Unsqueeze',
    inputs: [input(dims), int64s(axes)],
    seed,
  })),
  Transpose: shapes(1, 4)
    .chain((dims) => fc.tuple(fc.constant(dims), permutation(dims.length), seeds))
    .map(([dims, perm, seed]) => ({ op: 'Transpose', inputs: [input(dims)], attributes: { perm }, seed })),
  Expand: fc.tuple(broadcasts, seeds).map(([[full, part], seed]) => ({
    op: 'Expand',
    inputs: [input(part), int64s(full)],
    seed,
  })),
  Tile: shapes(1, 4, 3)
    .chain((dims) => fc.tuple(fc.constant(dims), shapes(dims.length, dims.length, 3), seeds))
    .map(([dims, repeats, seed]) => ({ op: 'Tile', inputs: [input(dims), int64s(repeats)], seed })),
  DepthToSpace: fc.oneof(
    depth('DepthToSpace', { mode: 'DCR' }, deep),
    depth('DepthToSpace', { mode: 'CRD' }, deep),
  ),
  SpaceToDepth: depth('SpaceToDepth', {}, (b, [N, C, H, W]) => [N, C, H * b, W * b]),
  Slice: slice,
  Split: fc.tuple(along, shapes(1, 3)).map(([{ dims, axis, seed }, sizes]) => ({
    op: 'Split',
    inputs: [
      input(dims.map((dim, at) => (at === axis ? sizes.reduce((a, b) => a + b, 0) : dim))),
      int64s(sizes),
    ],
    attributes: { axis },
    outputs: sizes.length,
    seed,
  })),
  Concat: fc.tuple(along, shapes(1, 3)).map(([{ dims, axis, seed }, sizes]) => ({
    op: 'Concat',
    inputs: sizes.map((length) => input(dims.map((dim, at) => (at === axis ? length : dim)))),
    attributes: { axis },
    seed,
  })),
  Gather: fc.tuple(along, shapes(0, 2), fc.boolean()).map(([{ dims, axis, seed }, places, negative]) => {
    const all = Array.from({ length: sizeOf(places) }, (_, at) => (at * 3 + seed) % dims[axis]);
    const indices = int64s(all.map((index) => (negative ? index - dims[axis] : index)));
    return { op: 'Gather', inputs: [input(dims), { ...indices, dims: places }], attributes: { axis }, seed };
  }),
  Pad: pad,
  Resize: resize,
};
