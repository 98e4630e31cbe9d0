import { floatOf } from '../../onnx/node-attributes';
import type { Node } from '../../onnx/graph';
import type { Builder } from '../emit/builder';
import type { GradientContext, GradientRule } from './rule';
import type { BatchNormMode } from '../settings';
import type { Shape } from '../emit/batch-shapes';
import { algebra } from '../emit/algebra';
import { channelAlgebra } from './channels';
import { table } from '../../table';

/** A training form's view of the node that it replaces. */
export interface TrainingFormContext {
  readonly builder: Builder;
  readonly node: Node;
  readonly shapeOf: (value: string) => Shape;
  /** Reads the running statistic held by an initializer, and sets its new value. */
  readonly statistic: (value: string) => string;
  readonly update: (value: string, updated: string) => void;
}

/**
 * Emits a node as it computes in training, under the same output name; returns the values that the gradient will need.
 */
export type TrainingForm = (context: TrainingFormContext) => Record<string, string>;

const perChannel = (builder: Builder, value: string, rank: number) =>
  builder.reshape(value, [1, -1, ...new Array<number>(rank - 2).fill(1)]);

const batchAxes = (rank: number) => [...Array(rank).keys()].filter((axis) => axis !== 1);

const defaultMomentum = 0.9;

/** Operators that compute differently in training than in inference. */
const trainingForms = table<TrainingForm>({
  /**
   * Batch normalization (Ioffe and Szegedy, 2015) over the batch's own mean and variance. The running ones follow as in
   * PyTorch: by `momentum`, the variance with Bessel's correction. A momentum of 1, which PyTorch's exporter writes for
   * a cumulative average, would freeze them, so they then follow by ONNX's default.
   */
  BatchNormalization({ builder, node, shapeOf, statistic, update }) {
    const [x, scale, bias, mean, variance] = node.input;
    const { mean: meanOf, size, subtract, affine } = channelAlgebra(builder, shapeOf(x));
    const batchMean = meanOf(x);
    const centered = subtract(x, batchMean);
    const batchVariance = meanOf(builder.op('Mul', [centered, centered]));
    const epsilon = builder.scalar(floatOf(node, 'epsilon', 1e-5));
    const deviation = builder.op('Sqrt', [builder.op('Add', [batchVariance, epsilon])]);
    const inverse = builder.op('Div', [builder.scalar(1), deviation]);
    const factor = builder.op('Mul', [scale, inverse]);
    affine(centered, { scale: factor, shift: bias }, node.output[0]);

    const count = size(x);
    const others = builder.op('Max', [builder.op('Sub', [count, builder.scalar(1)]), builder.scalar(1)]);
    const unbiased = builder.op('Mul', [batchVariance, builder.op('Div', [count, others])]);
    const given = floatOf(node, 'momentum', defaultMomentum);
    const keep = given === 1 ? defaultMomentum : given;
    const follow = (value: string, batch: string) => {
      const kept = builder.op('Mul', [statistic(value), builder.scalar(keep)]);
      const added = builder.op('Mul', [batch, builder.scalar(1 - keep)]);
      update(value, builder.op('Add', [kept, added]));
    };
    follow(mean, batchMean);
    follow(variance, unbiased);
    return { centered, inverse, factor, count };
  },

  /** Dropout trains as it infers, in whatever mode it was exported, so that a step is a function of its inputs. */
  Dropout({ builder, node }) {
    builder.op('Identity', [node.input[0]], {}, node.output[0]);
    return {};
  },
});

/** Returns the form in which a node computes in training, if that differs from inference. */
export const trainingFormOf = (node: Node, batchNorm: BatchNormMode = 'batch'): TrainingForm | undefined =>
  node.domain || (node.opType === 'BatchNormalization' && batchNorm === 'running')
    ? undefined
    : trainingForms[node.opType];

/** With its running statistics a BatchNormalization is a scale and a shift per channel. */
function asInferred({ builder, node, inputs, dy, wants, shapeOf }: GradientContext): (string | undefined)[] {
  const { add, sub, mul, div, sqrt } = algebra(builder);
  const [x, scale, , mean, variance] = inputs;
  const rank = shapeOf(x).length;
  const inverse = div(1, sqrt(add(variance, floatOf(node, 'epsilon', 1e-5))));
  const sum = (value: string) => builder.reduceSum(value, batchAxes(rank), false);
  const centered = () => sub(x, perChannel(builder, mean, rank));
  return [
    wants(0) ? mul(dy, perChannel(builder, mul(scale, inverse), rank)) : undefined,
    wants(1) ? mul(sum(mul(dy, centered())), inverse) : undefined,
    wants(2) ? sum(dy) : undefined,
  ];
}

/** Normalization over the batch. */
export const norm: Readonly<Record<string, GradientRule>> = {
  /** With x' = (x - mean)/deviation: dX = factor · (dY - mean(dY) - x' · mean(dY · x')). */
  BatchNormalization(context) {
    const { builder, inputs, dy, wants, saved, shapeOf } = context;
    if (!saved.centered) return asInferred(context);
    const { mul, neg } = algebra(builder);
    const { mean, affine } = channelAlgebra(builder, shapeOf(inputs[0]));
    const { centered, inverse, factor, count } = saved;
    const even = mean(dy);
    const product = mul(mean(mul(dy, centered)), inverse);
    const inputGradient = () => {
      const slope = neg(mul(factor, mul(product, inverse)));
      const sum = affine(dy, { scale: factor });
      return affine(centered, { scale: slope, shift: neg(mul(factor, even)), sum });
    };
    return [
      wants(0) ? inputGradient() : undefined,
      wants(1) ? mul(product, count) : undefined,
      wants(2) ? mul(even, count) : undefined,
    ];
  },
};
