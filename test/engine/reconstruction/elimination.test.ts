import fc from 'fast-check';

import { Random } from '../../../engine/data/random';
import { linearAlgebra } from '../../../engine/linalg/choose';
import { Elimination } from '../../../engine/reconstruction/elimination';
import { type Fit, NormalEquations } from '../../../engine/reconstruction/least-squares';

const algebra = linearAlgebra({ backend: 'ml-matrix' });
const [unknowns, outputs, rows] = [8, 3, 60];

/** Samples of a linear map whose inputs depend on each other, and their equations. */
function problem(seed: number, biased: boolean) {
  const random = new Random(seed);
  const draw = () => 2 * random.next() - 1;
  const weights = Float64Array.from({ length: outputs * unknowns }, draw);
  const bias = Array.from({ length: outputs }, () => (biased ? draw() : 0));
  const equations = new NormalEquations(unknowns, outputs, algebra);
  const samples = Array.from({ length: rows }, () => {
    const common = draw();
    const x = Array.from({ length: unknowns }, () => draw() + common);
    const y = bias.map((shift, k) =>
      x.reduce((sum, value, i) => sum + weights[k * unknowns + i] * value, shift),
    );
    equations.add(x, y);
    return { x, y };
  });
  return { equations, samples, weights };
}

type Problem = ReturnType<typeof problem>;

/** The squared error over the samples of the best fit that reads only `keep`. */
async function errorOf({ equations, samples }: Problem, keep: readonly number[], biased: boolean) {
  const fit: Fit = keep.length
    ? await equations.solve(keep, { biased })
    : { weights: new Float64Array(0), bias: biased ? meanOf(samples) : new Float64Array(outputs) };
  return samples.reduce(
    (sum, { x, y }) =>
      sum +
      y.reduce((all, value, k) => {
        const computed = keep.reduce(
          (dot, i, at) => dot + fit.weights[k * keep.length + at] * x[i],
          fit.bias[k],
        );
        return all + (value - computed) ** 2;
      }, 0),
    0,
  );
}

const meanOf = (samples: Problem['samples']) =>
  Float64Array.from({ length: outputs }, (_, k) => samples.reduce((sum, { y }) => sum + y[k], 0) / rows);

describe.each([true, false])('Elimination, with a bias: %s', (biased) => {
  it('loses what a fit of the unknowns that are left loses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: 1000 }),
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 2, maxLength: 7 }),
        async (seed, leaving) => {
          const given = problem(seed, biased);
          const elimination = await Elimination.of(given.equations, algebra, {
            prior: given.weights,
            biased,
          });
          let [lost, left] = [0, [0, 1, 2, 3, 4, 5, 6, 7]];
          for (const set of [leaving.slice(0, 1), leaving.slice(1)]) {
            lost += elimination.loss(set);
            await elimination.remove(set);
            left = left.filter((at) => !set.includes(at));
            const direct = await errorOf(given, left, biased);
            expect(Math.abs(lost - direct)).toBeLessThan(1e-3 * (1 + direct));
          }
        },
      ),
      { numRuns: 25, seed: 7 },
    );
  });

  it('knows the spread of what is fitted', async () => {
    const given = problem(3, biased);
    const { spread } = await Elimination.of(given.equations, algebra, { prior: given.weights, biased });
    expect(spread / (await errorOf(given, [], biased))).toBeCloseTo(1, 3);
  });
});

it('an unknown that is always zero loses nothing', async () => {
  const equations = new NormalEquations(2, 1, algebra);
  for (let row = 0; row < 20; row++) equations.add([row, 0], [3 * row]);
  const prior = Float64Array.of(3, 5);
  const elimination = await Elimination.of(equations, algebra, { prior, biased: true });
  expect(elimination.loss([1])).toBeLessThan(0.1);
  expect(elimination.loss([0])).toBeGreaterThan(100);
});
