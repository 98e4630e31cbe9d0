import fc from 'fast-check';

import type { Graph, NodeFields } from '../../engine/onnx/graph';
import type { FloatTensor } from '../../engine/tensor/tensor';
import { modelOf, randoms } from './graphs';

/** A graph of one layer over the weight `w`, and an input for it. */
export interface LayerCase {
  readonly title: string;
  readonly graph: Graph;
  readonly x: FloatTensor;
}

const few = fc.integer({ min: 1, max: 3 });
const some = fc.integer({ min: 1, max: 6 });
const seeds = fc.integer({ min: 0, max: 1e6 });

function caseOf(
  node: Omit<NodeFields, 'inputs' | 'outputs'> & { readonly inputs?: readonly string[] },
  weight: readonly number[],
  input: readonly number[],
  bias: readonly number[] | undefined,
  seed: number,
): LayerCase {
  const graph = modelOf(
    ['x', ['batch', ...input.slice(1)]],
    [{ inputs: ['x', 'w', ...(bias ? ['b'] : [])], ...node, outputs: ['y'] }],
    ['y'],
    { w: randoms(weight, seed), ...(bias && { b: randoms(bias, seed + 1) }) },
  );
  return { title: `${node.op} ${weight.join('x')}`, graph, x: randoms(input, seed + 2) };
}

/** Convolutions over `axes` axes: strides, dilations, padding of every kind, kernels of every aspect. */
export const convolutions = (axes: number): fc.Arbitrary<LayerCase> => {
  const each = (of: fc.Arbitrary<number>, times = 1) =>
    fc.array(of, { minLength: axes * times, maxLength: axes * times });
  return fc
    .record({
      seed: seeds,
      filters: some,
      channels: some,
      kernel: each(fc.integer({ min: 1, max: 4 })),
      strides: each(few),
      dilations: each(fc.integer({ min: 1, max: 2 })),
      bias: fc.boolean(),
      padding: fc.oneof(
        fc.record({ pads: each(fc.integer({ min: 0, max: 2 }), 2) }),
        fc.record({ auto_pad: fc.constantFrom('SAME_UPPER', 'SAME_LOWER', 'VALID') }),
      ),
    })
    .map(({ seed, filters, channels, kernel, strides, dilations, bias, padding }) => {
      const same = 'auto_pad' in padding && padding.auto_pad !== 'VALID'; // ORT refuses SAME with dilation
      return caseOf(
        {
          op: 'Conv',
          attributes: { strides, dilations: same ? kernel.map(() => 1) : dilations, ...padding },
        },
        [filters, channels, ...kernel],
        [2, channels, ...[9, 11, 8].slice(0, axes)],
        bias ? [filters] : undefined,
        seed,
      );
    });
};

/** Gemm in both layouts of its weight, with alpha, beta, and biases that broadcast. */
export const gemms: fc.Arbitrary<LayerCase> = fc
  .record({
    seed: seeds,
    inputs: some,
    outputs: some,
    transB: fc.constantFrom(0, 1),
    scales: fc.option(fc.record({ alpha: fc.constantFrom(0.5, 2), beta: fc.constantFrom(0.5, 3) })),
    bias: fc.option(fc.constantFrom('row', 'scalar')),
  })
  .map(({ seed, inputs, outputs, transB, scales, bias }) =>
    caseOf(
      { op: 'Gemm', attributes: { ...(transB && { transB }), ...scales } },
      transB ? [outputs, inputs] : [inputs, outputs],
      [3, inputs],
      bias ? [bias === 'row' ? outputs : 1] : undefined,
      seed,
    ),
  );

/** MatMul with its weight on the right, of matrices and stacks of them. */
export const matMuls: fc.Arbitrary<LayerCase> = fc
  .record({ seed: seeds, inputs: some, outputs: some, between: fc.array(few, { maxLength: 2 }) })
  .map(({ seed, inputs, outputs, between }) =>
    caseOf({ op: 'MatMul' }, [inputs, outputs], [2, ...between, inputs], undefined, seed),
  );

/** MatMul with its weight on the left, of matrices and stacks of them. */
export const leftMatMuls: fc.Arbitrary<LayerCase> = fc
  .record({
    seed: seeds,
    inputs: some,
    outputs: some,
    columns: few,
    between: fc.array(few, { maxLength: 2 }),
  })
  .map(({ seed, inputs, outputs, columns, between }) =>
    caseOf(
      { op: 'MatMul', inputs: ['w', 'x'] },
      [outputs, inputs],
      [2, ...between, inputs, columns],
      undefined,
      seed,
    ),
  );
