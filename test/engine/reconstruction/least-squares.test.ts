import { linearAlgebra } from '../../../engine/linalg/choose';
import { NormalEquations } from '../../../engine/reconstruction/least-squares';
import { readTensors } from '../../../engine/tensor/safetensors';
import { golden } from '../../support/paths';

const algebra = linearAlgebra({ backend: 'ml-matrix' });

describe('NormalEquations', () => {
  it('sums block by block what does not fit at once', async () => {
    const equations = new NormalEquations(1, 1, algebra);
    for (let row = 0; row < 1500; row++) {
      if (equations.isFull) await equations.sum();
      equations.add([row % 7], [3 * (row % 7) + 2]);
    }
    const { weights, bias } = await equations.solve([0]);
    expect([equations.samples, weights[0], bias[0]]).toEqual([
      1500,
      expect.closeTo(3, 4),
      expect.closeTo(2, 4),
    ]);
  });

  it('solves for a subset of the unknowns as torch.linalg.lstsq does', async () => {
    const { tensors } = readTensors(golden('engine', 'lstsq.safetensors'));
    const [x, y, weights, bias] = ['x', 'y', 'weights', 'bias'].map(
      (name) => tensors.get(name)!.data as Float64Array,
    );
    const equations = new NormalEquations(12, 5, algebra);
    for (let row = 0; row < 200; row++)
      equations.add(x.subarray(row * 12, row * 12 + 12), y.subarray(row * 5, row * 5 + 5));
    const solved = await equations.solve([0, 2, 3, 7, 11]);
    solved.weights.forEach((value, at) => expect(value).toBeCloseTo(weights[at], 4));
    solved.bias.forEach((value, at) => expect(value).toBeCloseTo(bias[at], 4));
  });

  it('is not thrown off by activations that are small', async () => {
    const equations = new NormalEquations(1, 1, algebra);
    for (let row = -50; row <= 50; row++) equations.add([row * 1e-5], [row]);
    expect((await equations.solve([0])).weights[0] / 1e5).toBeCloseTo(1, 5);
  });

  it('stays finite where inputs are dead, dependent, or more than the samples', async () => {
    const equations = new NormalEquations(3, 1, algebra);
    equations.add([1, 1, 0], [2]);
    equations.add([2, 2, 0], [4]);
    const { weights, bias } = await equations.solve([0, 1, 2]);
    expect([...weights, ...bias].every(Number.isFinite)).toBe(true);
    expect(weights[0] + weights[1] + bias[0]).toBeCloseTo(2, 3);
  });
});
