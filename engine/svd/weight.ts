import { intOf } from '../onnx/node-attributes';
import type { Layer } from '../onnx/layers';
import { projectLinear } from '../onnx/rewrites/project-linear';
import { splitConv } from '../onnx/rewrites/split-conv';
import { splitLinear } from '../onnx/rewrites/split-linear';
import { groupsOf } from '../onnx/window';
import { floats, sizeOf } from '../tensor/tensor';
import { type Form, methodOf, spatialSizes } from './factorization';

/**
 * Weight SVD (Zhang et al. 2016, "Accelerating Very Deep Convolutional Networks"; AIMET): a Conv's kernel W [N, M, k…],
 * seen as the matrix A[m, (n, k…)], becomes a 1x1 Conv to K channels followed by one with the whole kernel; a fully
 * connected layer becomes two.
 */
export const weightSvd = methodOf(
  (layer) => {
    const { opType } = layer.node;
    if (opType === 'Conv') return convForm(layer);
    if (opType === 'Gemm' || opType === 'MatMul') return linearForm(layer);
    return `weight SVD splits Conv, Gemm and MatMul, not ${opType}`;
  },
  (graph, { node }) =>
    node.opType === 'Gemm' && graph.opset < 11 ? 'a Gemm without bias needs opset 11 or later' : undefined,
);

/** Describes the split of a Conv over any number of axes; along one axis this equals spatial SVD. */
export function convForm({ node, dims }: Layer): Form | string {
  const groups = groupsOf(node);
  if (groups !== 1) return `it has ${groups} groups; a grouped convolution is not split`;
  const axes = dims.map((_, axis) => axis);
  return {
    axes: { rows: [1], columns: [0, ...axes.slice(2)] },
    costPerRank(layer, shapes) {
      const [n, m, ...kernel] = layer.dims;
      const taps = n * sizeOf(kernel);
      // The first Conv has neither stride nor padding: its output is as large as its input.
      const [before, after] = [layer.node.input[0], layer.node.output[0]].map((value) =>
        sizeOf(spatialSizes(shapes, value)),
      );
      return { macs: m * before + taps * after, params: m + taps };
    },
    split(graph, at, { input, output }, rank) {
      const [n, m, ...kernel] = dims;
      splitConv(graph, at, {
        first: floats([rank, m, ...kernel.map(() => 1)], swapped(input, m, rank, 1)),
        second: floats([n, rank, ...kernel], swapped(output, rank, n, sizeOf(kernel))),
        axesOfFirst: 0,
        names: ['reduce', 'expand'],
      });
    },
  };
}

/** Rows that `swapped` transposes at a time: 64 bytes of each line that it writes. */
const tile = 16;

/** Transposes [a, b, rest] to [b, a, rest]. */
export function swapped(data: Float32Array, a: number, b: number, rest: number): Float32Array {
  const out = new Float32Array(data.length);
  if (rest === 1) {
    // Rows in small groups, so that what is written stays in the processor's caches.
    for (let top = 0; top < a; top += tile)
      for (let j = 0; j < b; j++)
        for (let i = top; i < Math.min(a, top + tile); i++) out[j * a + i] = data[i * b + j];
    return out;
  }
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      out.set(data.subarray((i * b + j) * rest, (i * b + j + 1) * rest), (j * a + i) * rest);
  return out;
}

function linearForm({ node, dims, weight }: Layer): Form | string {
  if (dims.length !== 2) return `its weight is [${dims.join(', ')}], not a matrix`;
  const gemm = node.opType === 'Gemm';
  if (gemm && intOf(node, 'transA', 0)) return 'its input is transposed (transA)';
  const onLeft = node.input[0] === weight;
  const turned = onLeft || (gemm && intOf(node, 'transB', 0) === 1); // [outputs, inputs]
  const [inputs, outputs] = turned ? [dims[1], dims[0]] : dims;
  return {
    axes: turned ? { rows: [1], columns: [0] } : { rows: [0], columns: [1] },
    costPerRank(layer) {
      const rows = layer.macs / sizeOf(layer.dims); // rows (or columns, if the weight is the left operand) of a sample that pass through the weight
      return { macs: (inputs + outputs) * rows, params: inputs + outputs };
    },
    split(to, at, { input, output }, rank) {
      const matrix = (rows: number, columns: number, data: Float32Array) =>
        turned ? floats([columns, rows], swapped(data, rows, columns, 1)) : floats([rows, columns], data);
      splitLinear(to, at, { first: matrix(inputs, rank, input), second: matrix(rank, outputs, output) });
    },
    project: projectLinear,
  };
}
