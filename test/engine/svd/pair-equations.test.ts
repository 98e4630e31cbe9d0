import { Random } from '../../../engine/data/random';
import { linearAlgebra } from '../../../engine/linalg/choose';
import { type Matrix, matrixOf } from '../../../engine/linalg/matrix';
import { NormalEquations } from '../../../engine/reconstruction/least-squares';
import { type Halves, PairEquations } from '../../../engine/svd/pair-equations';
import { readTensors } from '../../../engine/tensor/safetensors';
import { golden } from '../../support/paths';

const algebra = linearAlgebra({ backend: 'ml-matrix' });

/** Samples of a layer, x [samples, rows·taps] and y [samples, outputs], and their equations. */
async function summed(x: Matrix, y: Matrix, rows: number, biased = true) {
  const sums = new NormalEquations(x.columns, y.columns, algebra);
  const row = ({ data, columns }: Matrix, at: number) => data.subarray(at * columns, (at + 1) * columns);
  for (let at = 0; at < x.rows; at++) {
    if (sums.isFull) await sums.sum();
    sums.add(row(x, at), row(y, at));
  }
  await sums.sum();
  return new PairEquations(sums, rows, biased, algebra);
}

/** The weight [outputs, rows·taps] that halves amount to. */
function weightOf({ first, second }: Halves): Matrix {
  const { rows: rank, columns: rows } = first;
  const taps = second.rows / rank;
  const weight = matrixOf(second.columns, rows * taps);
  for (let k = 0; k < second.columns; k++)
    for (let r = 0; r < rows; r++)
      for (let t = 0; t < taps; t++)
        for (let j = 0; j < rank; j++)
          weight.data[k * weight.columns + r * taps + t] +=
            second.data[(t * rank + j) * second.columns + k] * first.data[j * rows + r];
  return weight;
}

/** The squared error of halves on samples, with the bias that the equations give them. */
function errorOf(equations: PairEquations, halves: Halves, x: Matrix, y: Matrix): number {
  const weight = weightOf(halves);
  const bias = equations.bias(weight);
  let error = 0;
  for (let at = 0; at < x.rows; at++)
    for (let k = 0; k < y.columns; k++) {
      let value = bias?.[k] ?? 0;
      for (let i = 0; i < x.columns; i++)
        value += weight.data[k * x.columns + i] * x.data[at * x.columns + i];
      error += (value - y.data[at * y.columns + k]) ** 2;
    }
  return error;
}

const close = (found: Float64Array, expected: Float64Array) =>
  found.forEach((value, at) => expect(value).toBeCloseTo(expected[at], 4));

describe('PairEquations', () => {
  const { tensors } = readTensors(golden('engine', 'pair.safetensors'));
  const of = (name: string): Matrix => {
    const { dims, data } = tensors.get(name)!;
    return matrixOf(dims[0], dims[1] ?? 1, data as Float64Array<ArrayBuffer>);
  };
  const given = { first: of('first'), second: of('second') };

  it('solves for the second half and the bias as numpy.linalg.lstsq does', async () => {
    const equations = await summed(of('x'), of('y'), 4);
    const halves = await equations.second(given);
    close(halves.second.data, of('best_second').data);
    close(equations.bias(weightOf(halves))!, of('bias').data);
  });

  it('solves for the first half as numpy.linalg.lstsq does', async () => {
    const equations = await summed(of('x'), of('y'), 4);
    close((await equations.first(given)).first.data, of('best_first').data);
  });

  it.each(Array.from({ length: 12 }, (_, seed) => seed))(
    'lowers the squared error with either half, or leaves it (network %d)',
    async (seed) => {
      const random = new Random(seed);
      const size = (most: number) => 1 + random.below(most);
      const [rows, taps, outputs] = [size(6), size(4), size(6)];
      const rank = size(Math.min(rows, outputs * taps));
      // Few samples for some, and inputs that are dead or depend on each other.
      const samples = size(60);
      const drawn = (of: number, columns: number) =>
        matrixOf(
          of,
          columns,
          Float64Array.from({ length: of * columns }, () => random.next() * 2 - 1),
        );
      const x = drawn(samples, rows * taps);
      if (seed % 3 === 0) x.data.forEach((_, at) => at % x.columns === 0 && (x.data[at] = 0));
      if (seed % 3 === 1) x.data.forEach((_, at) => at % x.columns && (x.data[at] = x.data[at - 1]));
      const y = drawn(samples, outputs);
      const equations = await summed(x, y, rows, seed % 2 === 0);
      let halves: Halves = { first: drawn(rank, rows), second: drawn(taps * rank, outputs) };
      let before = errorOf(equations, halves, x, y);
      for (const half of ['second', 'first', 'second'] as const) {
        halves = await equations[half](halves);
        const after = errorOf(equations, halves, x, y);
        expect(after).toBeLessThanOrEqual(before * (1 + 1e-9) + 1e-9);
        before = after;
      }
    },
  );
});
