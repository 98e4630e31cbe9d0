import { movingAverage } from './average';
import type { Builder } from '../step/builder';
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

/** Whether an update reads the number of the step. */
export const isNumbered = ({ optimizer, ema }: UpdateSettings): boolean =>
  optimizer === 'adamw' || ema !== undefined;

/**
 * Emits what follows a gradient: clipping, the optimizer, averages.
 * @param gradients flat, in the layout of the parameters.
 * @param statistics the running statistics after the step, in the order of their layout.
 * @returns the vectors that it reads and gives anew.
 */
export function emitUpdate(
  builder: Builder,
  settings: UpdateSettings,
  layouts: Trainable,
  { gradients, statistics }: { gradients: string; statistics: readonly string[] },
  scalars: UpdateInputs,
): StateVector[] {
  const { optimizer: name = 'sgd', clip, ema } = settings;
  const optimizer = optimizers[name];
  const parameters = vectorOf('parameters', layouts.parameters, 'values');
  const state = optimizer.state.map((vector) => vectorOf(vector, layouts.parameters, 'zeros'));
  const next = optimizer.update({
    ...{ builder, settings, gradients, ...scalars },
    parameters: parameters.input,
    clipping: clip === undefined ? undefined : clippingOf(builder, gradients, clip),
    state: state.map(({ input }) => input),
    decayed: decayedBy(builder, parameters.input, layouts.parameters, settings),
  });
  builder.op('Identity', [next.parameters], {}, parameters.output);
  state.forEach(({ output }, at) => builder.op('Identity', [next.state[at]], {}, output));
  const own = [parameters];
  if (statistics.length) {
    own.push(vectorOf('statistics', layouts.statistics, 'values'));
    builder.op('Concat', statistics, { axis: 0 }, outputOf('statistics'));
  }
  const averages = own.flatMap(({ name: vector, layout, output }) => {
    if (ema === undefined) return [];
    const average = vectorOf(averageOf(vector), layout, 'values');
    const moved = movingAverage(builder, {
      ...{ average: inputOf(average.name), value: output, decay: ema, step: scalars.step },
    });
    builder.op('Identity', [moved], {}, average.output);
    return [average];
  });
  return [...own, ...state, ...averages];
}
