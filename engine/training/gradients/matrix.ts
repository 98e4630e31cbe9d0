import { floatOf, intOf } from '../../onnx/node-attributes';
import type { GradientRule } from './rule';
import { unbroadcast } from './arithmetic';

const swapLast = (rank: number) =>
  Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));

/** Matrix products. */
export const matrix: Readonly<Record<string, GradientRule>> = {
  /** Y = alpha · A' B' + beta · C, where ' transposes as the attributes say. */
  Gemm(context) {
    const { builder, node, inputs, dy, output, wants } = context;
    const [a, b, c] = inputs;
    const transA = intOf(node, 'transA', 0);
    const transB = intOf(node, 'transB', 0);
    const alpha = floatOf(node, 'alpha', 1);
    const beta = floatOf(node, 'beta', 1);
    const product = (left: string, right: string, leftTransposed: number, rightTransposed: number) =>
      builder.op('Gemm', [left, right], { alpha, transA: leftTransposed, transB: rightTransposed });
    const ofA = () => (transA ? product(b, dy, transB, 1) : product(dy, b, 0, 1 - transB));
    const ofB = () => (transB ? product(dy, a, 1, transA) : product(a, dy, 1 - transA, 0));
    const ofC = () => {
      const sum = unbroadcast(context, dy, c, output);
      return beta === 1 ? sum : builder.op('Mul', [sum, builder.scalar(beta)]);
    };
    return [wants(0) ? ofA() : undefined, wants(1) ? ofB() : undefined, wants(2) ? ofC() : undefined];
  },

  /** Stacks of matrices, broadcast as in NumPy's matmul; a vector counts as a matrix of one row or column. */
  MatMul(context) {
    const { builder, inputs, dy, output, wants, shapeOf } = context;
    const [a, b] = inputs;
    const [rankA, rankB] = [shapeOf(a).length, shapeOf(b).length];
    if (rankB === 2 && rankA > 1) {
      const [rows, columns] = shapeOf(b);
      const flatA = rankA === 2 ? a : builder.reshape(a, [-1, rows]);
      const flatDy = rankA === 2 ? dy : builder.reshape(dy, [-1, columns]);
      const da = () => builder.op('MatMul', [dy, builder.transpose(b, [1, 0])]);
      const db = () => builder.op('Gemm', [flatA, flatDy], { transA: 1 });
      return [wants(0) ? da() : undefined, wants(1) ? db() : undefined];
    }
    const shapeA = rankA === 1 ? [1, ...shapeOf(a)] : shapeOf(a);
    const shapeB = rankB === 1 ? [...shapeOf(b), 1] : shapeOf(b);
    const left = rankA === 1 ? builder.reshape(a, shapeA) : a;
    const right = rankB === 1 ? builder.reshape(b, shapeB) : b;
    const product = builder.op('MatMul', [left, right]);
    const whole = rankA > 1 && rankB > 1 ? dy : builder.op('Reshape', [dy, builder.op('Shape', [product])]);
    const batch = shapeOf(output).slice(0, shapeOf(output).length - Number(rankA > 1) - Number(rankB > 1));
    const sumTo = (gradient: string, shape: readonly number[], value: string, rank: number) => {
      const summed = batch.flatMap((dim, axis) => {
        const own = axis - (batch.length - (shape.length - 2));
        return own < 0 || shape[own] !== dim ? [axis] : [];
      });
      const sum = builder.reduceSum(gradient, summed, true);
      return batch.length > shape.length - 2 || rank === 1 ? builder.reshape(sum, shapeOf(value)) : sum;
    };
    const swapped = (value: string, shape: readonly number[]) =>
      builder.transpose(value, swapLast(shape.length));
    return [
      wants(0) ? sumTo(builder.op('MatMul', [whole, swapped(right, shapeB)]), shapeA, a, rankA) : undefined,
      wants(1) ? sumTo(builder.op('MatMul', [swapped(left, shapeA), whole]), shapeB, b, rankB) : undefined,
    ];
  },
};
