import type { Layer } from '../onnx/layers';
import { splitConv } from '../onnx/rewrites/split-conv';
import { groupsOf } from '../onnx/window';
import { floats } from '../tensor/tensor';
import { type Form, methodOf, spatialSizes } from './factorization';
import { convForm, swapped } from './weight';

/**
 * Spatial SVD (Jaderberg et al. 2014, "Speeding up Convolutional Neural Networks with Low Rank Expansions"; AIMET): a
 * kernel W [N, M, kH, kW] seen as the matrix A[(m, h), (n, w)] of M·kH x N·kW. Keeping K singular values splits the
 * layer into K filters of kH x 1 and N filters of 1 x kW. Over one axis, A[m, (n, w)]: K filters of 1, N of kW.
 */
export const spatialSvd = methodOf((layer) => {
  const { node, dims } = layer;
  if (node.opType !== 'Conv') return `spatial SVD splits Conv, not ${node.opType}`;
  if (dims.length === 3) return convForm(layer);
  if (dims.length !== 4) return `its kernel has ${dims.length - 2} axes; spatial SVD splits one or two`;
  const groups = groupsOf(node);
  return groups === 1 ? planeForm(layer) : `it has ${groups} groups; a grouped convolution is not split`;
});

const planeForm = ({ dims: [n, m, h, w] }: Layer): Form => ({
  axes: { rows: [1, 2], columns: [0, 3] },
  costPerRank(layer, shapes) {
    const [outHeight, outWidth] = spatialSizes(shapes, layer.node.output[0]);
    // The vertical half has neither stride nor padding along the width, so it keeps the input's width.
    const [, betweenWidth] = spatialSizes(shapes, layer.node.input[0]);
    const sizes = { dims: layer.dims, outHeight, outWidth, betweenWidth };
    return { macs: macsPerRank(sizes), params: m * h + n * w };
  },
  split(graph, node, { input, output }, rank) {
    splitConv(graph, node, {
      first: floats([rank, m, h, 1], swapped(input, m * h, rank, 1)),
      second: floats([n, rank, 1, w], swapped(output, rank, n, w)),
      axesOfFirst: 1,
      names: ['vertical', 'horizontal'],
    });
  },
});

/** Sizes of a layer that determine the cost of its split: kernel [N, M, kH, kW], output height and width, input width. */
export interface SplitSizes {
  readonly dims: readonly number[];
  readonly outHeight: number;
  readonly outWidth: number;
  readonly betweenWidth: number;
}

/** Computes the split layer's MACs per unit of rank: K·M·kH at every (output row, input column), N·K·kW at every output. */
export function macsPerRank({ dims: [n, m, h, w], outHeight, outWidth, betweenWidth }: SplitSizes): number {
  return m * h * outHeight * betweenWidth + n * w * outHeight * outWidth;
}
