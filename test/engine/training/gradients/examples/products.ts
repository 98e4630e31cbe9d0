import fc from 'fast-check';

import { floats, int64s } from '../../../../../engine/tensor/tensor';
import type { Example, Values } from '../differences';
import { axesOf, input, type Rows, seeds, shapes, size } from './arbitraries';

const gemm = fc
  .tuple(
    fc.array(size(), { minLength: 3, maxLength: 3 }),
    fc.tuple(fc.boolean(), fc.boolean()),
    fc.nat({ max: 4 }),
    seeds,
  )
  .map(([[M, K, N], [transA, transB], form, seed]): Example => {
    const bias = [[], [N], [1, N], [M, 1], [M, N]][form];
    return {
      op: 'Gemm',
      inputs: [
        input(transA ? [K, M] : [M, K]),
        input(transB ? [N, K] : [K, N]),
        ...(form ? [input(bias)] : []),
      ],
      attributes: { transA: Number(transA), transB: Number(transB), alpha: 0.5, beta: 2 },
      seed,
    };
  });

const matMul = fc
  .tuple(
    shapes(0, 2, 3),
    fc.array(fc.nat({ max: 3 }), { minLength: 2, maxLength: 2 }),
    size(),
    size(),
    size(),
    seeds,
  )
  .map(([stack, forms, M, K, N, seed]): Example => {
    // A stack whole, of one, left out, or a vector in place of the matrix.
    const lead = (form: number) => (form === 0 ? stack : form === 1 ? stack.map(() => 1) : []);
    const left = forms[0] === 3 ? [K] : [...lead(forms[0]), M, K];
    const right = forms[1] === 3 ? [K] : [...lead(forms[1]), K, N];
    return { op: 'MatMul', inputs: [input(left), input(right)], seed };
  });

const reduction = (op: string, values: Values, least = 1) =>
  fc
    .integer({ min: least, max: 4 })
    .chain((rank) => fc.tuple(shapes(rank, rank), axesOf(rank), fc.boolean(), fc.boolean(), seeds))
    .map(([dims, axes, keep, all, seed]): Example => ({
      op,
      inputs: all ? [input(dims, values)] : [input(dims, values), int64s(axes)],
      attributes: { keepdims: Number(keep) },
      seed,
    }));

const softmax = (op: string) =>
  fc.tuple(shapes(1, 4), fc.nat({ max: 3 }), fc.boolean(), seeds).map(([dims, at, old, seed]): Example => {
    const axis = at % dims.length;
    return { op, inputs: [input(dims)], attributes: { axis }, opset: old ? 12 : 18, seed };
  });

/** Normalization over the last axes with a scale, and a bias where there may be one. */
const overLast = (op: string, biased: boolean, opset: number) =>
  fc.tuple(shapes(2, 4), fc.nat({ max: 3 }), fc.boolean(), seeds).map(([dims, at, bias, seed]): Example => {
    const axis = at % dims.length;
    const shape = dims.slice(axis);
    const all = [input([...dims.slice(0, axis), ...shape]), input(shape), input(shape)];
    return {
      op,
      inputs: all.slice(0, biased && bias ? 3 : 2),
      attributes: { axis, epsilon: 0.1 },
      opset,
      seed,
    };
  });

const overPlanes = fc.tuple(size(1, 3), shapes(1, 3), size(1, 2), size(1, 3), fc.boolean(), seeds);

const level = (length: number, value: number) => floats([length], new Float32Array(length).fill(value));

/** Products of matrices, reductions, normalizations. */
export const products: Rows = {
  Gemm: gemm,
  MatMul: matMul,
  ReduceSum: reduction('ReduceSum', 'normal'),
  ReduceMean: reduction('ReduceMean', 'normal'),
  ReduceMax: reduction('ReduceMax', 'apart'),
  ReduceMin: reduction('ReduceMin', 'apart'),
  ReduceL1: reduction('ReduceL1', 'stepped'),
  ReduceL2: reduction('ReduceL2', 'positive'),
  ReduceSumSquare: reduction('ReduceSumSquare', 'normal'),
  ReduceLogSumExp: reduction('ReduceLogSumExp', 'normal'),
  Softmax: softmax('Softmax'),
  LogSoftmax: softmax('LogSoftmax'),
  LayerNormalization: overLast('LayerNormalization', true, 18),
  RMSNormalization: overLast('RMSNormalization', false, 23),
  InstanceNormalization: overPlanes.map(([N, plane, , C, , seed]) => ({
    op: 'InstanceNormalization',
    inputs: [input([N, C, ...plane]), input([C]), input([C])],
    attributes: { epsilon: 0.1 },
    seed,
  })),
  GroupNormalization: overPlanes.map(([N, plane, groups, inner, old, seed]) => {
    const C = groups * inner;
    const scales = input([old ? groups : C]);
    return {
      op: 'GroupNormalization',
      inputs: [input([N, C, ...plane]), scales, scales],
      attributes: { num_groups: groups, epsilon: 0.1 },
      opset: old ? 18 : 21,
      seed,
    };
  }),
  BatchNormalization: overPlanes.map(([N, plane, , C, , seed]) => ({
    op: 'BatchNormalization',
    // Running statistics are not differentiated by.
    inputs: [input([N, C, ...plane]), input([C]), input([C]), level(C, 0.5), level(C, 2)],
    seed,
  })),
  LRN: fc.tuple(shapes(4, 4), fc.nat({ max: 2 }), seeds).map(([dims, half, seed]) => ({
    op: 'LRN',
    inputs: [input(dims)],
    attributes: { size: 2 * half + 1, alpha: 0.5, beta: 0.6 },
    seed,
  })),
};
