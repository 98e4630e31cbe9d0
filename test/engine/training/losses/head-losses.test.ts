import { declare } from '../../../../engine/onnx/extract';
import { Session } from '../../../../engine/runtime/session';
import { floats } from '../../../../engine/tensor/tensor';
import { Builder } from '../../../../engine/training/emit/builder';
import { type ComparedHead, headLosses } from '../../../../engine/training/losses/head-losses';
import { modelOf, randoms } from '../../../support/graphs';

const teacherOf = (value: string) => `teacher of ${value}`;
const heads: readonly ComparedHead[] = [
  { value: 'scores', dims: [-1, 2, 3], scores: true },
  { value: 'boxes', dims: [-1, 4, 3], scores: false },
  { value: 'others', dims: [-1, 4, 5], scores: false },
];
const sizes: Readonly<Record<string, readonly number[]>> = {
  scores: [2, 2, 3],
  boxes: [2, 4, 3],
  others: [2, 4, 5],
};
const student = Object.fromEntries(heads.map(({ value }, at) => [value, randoms(sizes[value], at + 1)]));
const teacher = Object.fromEntries(
  heads.map(({ value }, at) => [teacherOf(value), randoms(sizes[value], at + 11)]),
);

/** Runs the losses of heads, which a builder's graph computes. */
async function computed(values: typeof student) {
  const builder = new Builder(17);
  const parts = headLosses(builder, heads, teacherOf);
  const names = Object.keys({ ...student, ...teacher });
  const graph = builder.build({
    irVersion: 8n,
    opsets: modelOf(['a', []], [], ['a'], {}).model.opsetImport,
    inputs: names.map((name) => declare(name)),
    outputs: parts.flatMap(([, { loss, gradient }]) => [declare(loss), declare(gradient)]),
  });
  const session = await Session.open(graph, { threads: 1 });
  try {
    const found = await session.run({ ...values, ...teacher });
    return parts.map(([value, { loss, gradient }]) => ({
      value,
      loss: Number(found[loss].data[0]),
      gradient: found[gradient].data as Float32Array,
    }));
  } finally {
    await session.close();
  }
}

/** The difference whose loss this is. */
const differenceOf = (loss: number) => 1e-3 * (Math.exp(loss) - 1);
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

it('compares scores as probabilities, and boxes where the teacher finds something', async () => {
  const [scores, boxes] = await computed(student);
  const [own, wanted] = [student.scores.data, teacher[teacherOf('scores')].data].map((data) =>
    Array.from(data, sigmoid),
  );
  const divergence = wanted.map(
    (p, i) => p * Math.log(p / own[i]) + (1 - p) * Math.log((1 - p) / (1 - own[i])),
  );
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  expect(differenceOf(scores.loss)).toBeCloseTo(sum(divergence) / sum(wanted), 4);

  // A place of a box, [n, channel, place], has the weight of all scores there.
  const weight = (at: number) => {
    const [n, place] = [Math.floor(at / 12), at % 3];
    return wanted[6 * n + place] + wanted[6 * n + 3 + place];
  };
  const [a, b] = [student.boxes.data, teacher[teacherOf('boxes')].data].map((data) => Array.from(data));
  const weights = b.map((_, at) => weight(at));
  const mean = sum(b.map((value, at) => value * weights[at])) / sum(weights);
  const energy = sum(b.map((value, at) => weights[at] * (value - mean) ** 2));
  expect(differenceOf(boxes.loss)).toBeCloseTo(
    sum(b.map((value, at) => weights[at] * (a[at] - value) ** 2)) / energy,
    4,
  );
});

it('has the gradients of its losses', async () => {
  const found = await computed(student);
  for (const [index, { value, gradient }] of found.entries())
    for (const at of [0, 4, 11]) {
      const moved = async (by: number) => {
        const data = student[value].data.map((own, i) => own + (i === at ? by : 0));
        return (await computed({ ...student, [value]: floats(sizes[value], data) }))[index].loss;
      };
      expect(gradient[at]).toBeCloseTo(((await moved(0.01)) - (await moved(-0.01))) / 0.02, 3);
    }
});

it('is 0 for a student that says the same', async () => {
  const same = Object.fromEntries(heads.map(({ value }) => [value, teacher[teacherOf(value)]]));
  for (const { loss } of await computed(same)) expect(Math.abs(loss)).toBeLessThan(1e-4);
});
