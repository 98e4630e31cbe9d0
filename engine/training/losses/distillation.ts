import { EngineError } from '../../errors';
import type { Builder } from '../emit/builder';
import { type ComparedHead, headLosses, levelled } from './head-losses';
import type { Loss, Part } from './rule';
import { fromRows, toRows } from './score-rows';
import { relativeDifference, squaredDifference } from './squared-difference';
import type { Scores } from './model-scores';
import type { DistillationSettings } from '../settings';

/** Values of a student that are compared with its teacher's. */
export interface Compared {
  /** The logits, [N, K, …], unless heads are compared. */
  readonly scores?: Scores;
  /** Results of the last layers, and what these layers read in both models. */
  readonly heads?: readonly ComparedHead[];
  readonly headFeatures?: readonly string[];
}

/**
 * Computes the losses of a student by its teacher.
 * @param teacher returns the name of the teacher's value for one of the student's
 */
export function distill(
  builder: Builder,
  { scores, heads = [], headFeatures = [] }: Compared,
  settings: DistillationSettings,
  teacher: (value: string) => string,
): Part[] {
  const { logits = 'kl', temperature = 4, features = [], featureWeight = 1 } = settings;
  if (logits === 'kl' && scores?.dims[1] === 1)
    throw new EngineError(
      'InvalidSettings',
      `fine-tuning setting distillation.logits is kl, which compares distributions over classes, but output ${scores.value} has one score: set it to mse`,
    );
  const averaged = (parts: readonly Part[], weight: number) =>
    parts.map(([value, loss]): Part => [value, weighted(builder, loss, weight / parts.length)]);
  const rules = {
    kl: ({ value, dims }: Scores): Part[] => [
      [value, softened(builder, { value, dims }, teacher(value), temperature)],
    ],
    mse: ({ value }: Scores): Part[] => [[value, squaredDifference(builder, value, teacher(value))]],
  };
  return [
    ...(scores && (logits === 'kl' || logits === 'mse') ? rules[logits](scores) : []),
    ...averaged(headLosses(builder, heads, teacher), 1),
    ...averaged(
      headFeatures.map((value): Part => [
        value,
        levelled(builder, relativeDifference(builder, value, teacher(value))),
      ]),
      featureWeight,
    ),
    ...features.map((value): Part => {
      const loss = squaredDifference(builder, value, teacher(value));
      return [value, weighted(builder, loss, featureWeight)];
    }),
  ];
}

/** Sums losses, and their gradients by each value. */
export function sumOf(builder: Builder, parts: readonly Part[]) {
  const sum = (values: readonly string[]) => (values.length > 1 ? builder.op('Sum', values) : values[0]);
  const byValue = new Map<string, string[]>();
  for (const [value, { gradient }] of parts) byValue.set(value, [...(byValue.get(value) ?? []), gradient]);
  return {
    loss: sum(parts.map(([, { loss }]) => loss)),
    gradients: new Map([...byValue].map(([value, gradients]) => [value, sum(gradients)])),
  };
}

/** Multiplies a loss by a number. */
export function weighted(builder: Builder, { loss, gradient }: Loss, weight: number): Loss {
  if (weight === 1) return { loss, gradient };
  const times = (value: string) => builder.op('Mul', [value, builder.scalar(weight)]);
  return { loss: times(loss), gradient: times(gradient) };
}

/**
 * T² · KL(teacher || student) of softmax(logits/T), averaged over the batch and any pixels. The square keeps the
 * gradients' size independent of T.
 */
function softened(builder: Builder, { value, dims }: Scores, teacher: string, temperature: number): Loss {
  const op = (name: string, ...inputs: string[]) => builder.op(name, inputs);
  const [student, wanted] = [value, teacher].map((logits) => {
    const cooled = op('Div', toRows(builder, logits, dims), builder.scalar(temperature));
    return builder.op('LogSoftmax', [cooled], { axis: 1 });
  });
  const probabilities = op('Exp', wanted);
  const size = builder.op('Cast', [op('Size', value)], { to: 1 });
  const count = op('Div', size, builder.scalar(dims[1]));
  const each = op('Mul', probabilities, op('Sub', wanted, student));
  const sum = builder.op('ReduceSum', [each], { keepdims: 0 });
  const scale = (factor: number) => op('Div', builder.scalar(factor), count);
  const excess = op('Mul', op('Sub', op('Exp', student), probabilities), scale(temperature));
  return { loss: op('Mul', sum, scale(temperature ** 2)), gradient: fromRows(builder, excess, dims) };
}
