import type { StateVector } from '../parameters/vectors';
import { inputOf, outputOf } from '../parameters/vectors';
import type { Builder } from '../emit/builder';

/** Name of the state of loss scaling. */
export const lossScaling = 'loss scaling';

/** Initial loss scale, and how it changes: as in torch.amp.GradScaler. */
const initial = 2 ** 16;
const [growth, backoff, growthInterval] = [2, 0.5, 2000];

/** Scale below which training that still overflows counts as diverged: the gradients themselves are too large. */
export const leastScale = 1;

/** Its state: the scale, the steps since it last changed, and the steps that were not skipped. */
export const scalingVector: StateVector = {
  name: lossScaling,
  input: inputOf(lossScaling),
  output: outputOf(lossScaling),
  layout: { entries: [], size: 3, weights: 0 },
  size: 3,
  initial: () => Float32Array.of(initial, 0, 0),
};

/** The parts of the state, as scalars. */
export interface Scaling {
  readonly scale: string;
  readonly steady: string;
  readonly applied: string;
}

/** Emits the reading of the state. */
export function readScaling(builder: Builder): Scaling {
  const [scale, steady, applied] = builder
    .split(scalingVector.input, [1, 1, 1], 0)
    .map((part) => builder.op('Squeeze', builder.opset >= 13 ? [part, builder.ints([0])] : [part]));
  return { scale, steady, applied };
}

/** Facts about scaled gradients that an update needs. */
export interface Unscaled {
  readonly gradients: string;
  /** The number of the step that is now applied, from 1. */
  readonly step: string;
  /** Emits a choice: the new value if the gradients are finite, the old one if not. */
  readonly applied: (next: string, before: string, output: string) => void;
}

/**
 * Dynamic loss scaling (Micikevicius et al., 2018) by the rule of torch.amp.GradScaler: a step with non-finite
 * gradients is skipped and the scale halved; after 2000 steps without one it is doubled.
 * @param scaled flat gradients of the loss times the scale
 */
export function unscale(builder: Builder, scaled: string): Unscaled {
  const op = (name: string, ...inputs: string[]) => builder.op(name, inputs);
  const [zero, one] = [builder.scalar(0), builder.scalar(1)];
  const { scale, steady, applied } = readScaling(builder);
  const gradients = op('Mul', scaled, op('Div', one, scale));
  // 0 times infinity is NaN, and so is then their sum.
  const sum = builder.op('ReduceSum', [op('Mul', gradients, zero)], { keepdims: 0 });
  const finite = op('Not', op('IsNaN', sum));
  const choose = (yes: string, no: string) => op('Where', finite, yes, no);

  const next = op('Add', steady, one);
  const grows = op('Equal', next, builder.scalar(growthInterval));
  const grown = op('Where', grows, op('Mul', scale, builder.scalar(growth)), scale);
  const state = [
    choose(grown, op('Mul', scale, builder.scalar(backoff))),
    choose(op('Where', grows, zero, next), zero),
    op('Add', applied, choose(one, zero)),
  ];
  const parts = state.map((value) => builder.reshape(value, [1]));
  builder.op('Concat', parts, { axis: 0 }, scalingVector.output);
  return {
    gradients,
    step: op('Add', applied, one),
    applied: (value, before, output) => void builder.op('Where', [finite, value, before], {}, output),
  };
}
