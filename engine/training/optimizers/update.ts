import { movingAverage } from './average';
import type { Builder } from '../emit/builder';
import { scalingVector, unscale } from './loss-scaling';
import { clippingOf, decayedBy, optimizers } from './optimizer';
import type { Trainable } from '../parameters/parameters';
import type { UpdateSettings } from '../settings';
import { averageOf, inputOf, outputOf, type StateVector, vectorOf } from '../parameters/vectors';

/** Scalars of an update, by the names of their values. */
export interface UpdateInputs {
  readonly learningRate: string;
  readonly momentum: string;
  /** The number of the step, from 1. */
  readonly step: string;
}

/** Settings of an update. */
export interface UpdateRules extends UpdateSettings {
  /** True if the loss was scaled: the update is then skipped if gradients are not finite. */
  readonly mixed?: boolean;
}

/** Tells if an update reads the number of the step; if steps may be skipped, it counts them itself. */
export const isNumbered = ({ optimizer, ema, mixed }: UpdateRules): boolean =>
  !mixed && (optimizer === 'adamw' || ema !== undefined);

/**
 * Emits everything that follows a gradient: clipping, the optimizer, averages.
 * @param gradients flat, in the layout of the parameters; if `mixed`, of the scaled loss
 * @param statistics the running statistics after the step, in the order of their layout
 * @returns the vectors that it reads and replaces
 */
export function emitUpdate(
  builder: Builder,
  settings: UpdateRules,
  layouts: Trainable,
  computed: { gradients: string; statistics: readonly string[] },
  inputs: UpdateInputs,
): StateVector[] {
  const { optimizer: name = 'sgd', clip, ema, mixed } = settings;
  const { statistics } = computed;
  const unscaled = mixed ? unscale(builder, computed.gradients) : undefined;
  const { gradients } = unscaled ?? computed;
  const scalars = { ...inputs, ...(unscaled && { step: unscaled.step }) };
  const give = (next: string, { input, output }: StateVector) =>
    unscaled ? unscaled.applied(next, input, output) : void builder.op('Identity', [next], {}, output);
  const optimizer = optimizers[name];
  const parameters = vectorOf('parameters', layouts.parameters, 'values');
  const state = optimizer.state.map((vector) => vectorOf(vector, layouts.parameters, 'zeros'));
  const next = optimizer.update({
    builder,
    settings,
    gradients,
    ...scalars,
    parameters: parameters.input,
    clipping: clip === undefined ? undefined : clippingOf(builder, gradients, clip),
    state: state.map(({ input }) => input),
    decayed: decayedBy(builder, parameters.input, layouts.parameters, settings),
  });
  give(next.parameters, parameters);
  state.forEach((vector, at) => give(next.state[at], vector));
  const own = [parameters];
  if (statistics.length) {
    own.push(vectorOf('statistics', layouts.statistics, 'values'));
    builder.op('Concat', statistics, { axis: 0 }, outputOf('statistics'));
  }
  const averages = own.flatMap(({ name: vector, layout, output }) => {
    if (ema === undefined) return [];
    const average = vectorOf(averageOf(vector), layout, 'values');
    const moved = movingAverage(builder, {
      average: inputOf(average.name),
      value: output,
      decay: ema,
      step: scalars.step,
    });
    give(moved, average);
    return [average];
  });
  return [...own, ...state, ...averages, ...(mixed ? [scalingVector] : [])];
}
