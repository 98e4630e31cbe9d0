import { drawn } from '../../../../engine/runtime/feeds';
import {
  guardedRun,
  limitVariables,
  RunEnded,
  runLimits,
} from '../../../../engine/runtime/guard/guarded-run';
import { floats, numbersOf, zeros } from '../../../../engine/tensor/tensor';
import { modelOf } from '../../../support/graphs';
import { growing, looping } from '../../../support/hostile-graphs';

const input = { name: 'x', type: 'float32', dims: [2, 3] } as const;
const limits = { seconds: 1, bytes: 1e9 };
const relu = modelOf(['x', [2, 3]], [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], ['y'], {});

describe('a run of a model in a process with limits', () => {
  it('gives the outputs of each run', async () => {
    const runs = [1, 2].map((seed) => ({ seed, inputs: [input] }));
    const results = await guardedRun(relu, runs, limits);
    const expected = runs.map(({ seed }) => numbersOf(drawn([input], seed).x).map((x) => Math.max(0, x)));
    expect(results.map(({ y }) => numbersOf(y))).toEqual(expected);
  });

  it('is ended if it takes too long, and names the node', async () => {
    const run = guardedRun(looping(), [{ seed: 0, inputs: [input] }], limits);
    await expect(run).rejects.toThrow(RunEnded);
    await expect(run).rejects.toThrow(
      /^node round and round \(Loop\) takes longer than 1 s \(SLIMFLOW_RUN_SECONDS/,
    );
  });

  it('gets no more memory than its limit, and names the node', async () => {
    const run = guardedRun(growing(2 ** 15, 2 ** 15), [{ seed: 0, inputs: [input] }], limits);
    await expect(run).rejects.toThrow(/^node huge \(ConstantOfShape\) takes more than 1.0 GB of memory/);
    const endless = guardedRun(growing(2 ** 31, 2 ** 31), [{ seed: 0, inputs: [input] }], limits);
    await expect(endless).rejects.toThrow(/^node huge \(ConstantOfShape\) /);
  });

  it('is refused in plain words if an input is larger than the limit', async () => {
    const huge = { ...input, dims: [2 ** 16, 2 ** 16] };
    const run = guardedRun(relu, [{ seed: 0, inputs: [huge] }], limits);
    await expect(run).rejects.toThrow(/takes more than 1.0 GB of memory/);
  });

  it('says why a node fails, without the words of ONNX Runtime around it', async () => {
    const graph = modelOf(
      ['x', ['n', 3]],
      [{ op: 'Add', name: 'sum', inputs: ['x', 'b'], outputs: ['y'] }],
      ['y'],
      { b: floats([5, 1, 4]) },
    );
    const error: Error = await guardedRun(graph, [{ seed: 0, inputs: [input] }], limits).then(
      () => new Error('it ran'),
      (thrown: Error) => thrown,
    );
    expect(error.message).toMatch(/^(node sum \(Add\)|the model) can't be run: /);
    expect(error.message).not.toMatch(/onnxruntime|status|\.cc|\.h:/i);
  });

  it('works on after each of these', async () => {
    const [{ y }] = await guardedRun(relu, [{ seed: 3, inputs: [input] }], limits);
    expect(y.dims).toEqual([2, 3]);
  });
});

it('limits grow with the weights of a model, not with numbers in it, and the environment replaces them', () => {
  const small = runLimits(relu);
  expect(runLimits(growing(2 ** 40))).toEqual(small);
  relu.setConstant('w', zeros('float32', [25_000_000]));
  expect(runLimits(relu)).toEqual({ seconds: small.seconds + 100, bytes: small.bytes + 0.5e9 });
  process.env[limitVariables.seconds] = '7';
  process.env[limitVariables.gigabytes] = '3';
  try {
    expect(runLimits(relu)).toEqual({ seconds: 7, bytes: 3e9 });
  } finally {
    delete process.env[limitVariables.seconds];
    delete process.env[limitVariables.gigabytes];
  }
});
