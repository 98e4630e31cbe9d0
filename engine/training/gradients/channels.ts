import { floats } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import { channelAffine, channelMean, channelSize, composes } from '../emit/composites';
import type { Shape } from '../emit/batch-shapes';

/** Operations of normalizations on a value [N, C, …] and per-channel vectors, [C]. */
export interface ChannelAlgebra {
  /** The mean over all axes except that of the channels. */
  readonly mean: (x: string) => string;
  /** The number of elements per channel; a float scalar. */
  readonly size: (x: string) => string;
  readonly subtract: (x: string, vector: string) => string;
  /** x · scale + shift + sum, skipping terms that are left out. */
  readonly affine: (x: string, terms: Terms, output?: string) => string;
}

interface Terms {
  readonly scale: string;
  readonly shift?: string;
  readonly sum?: string;
}

/** Returns the operations for values of shape `dims`: as composites if these may be emitted, else as ONNX's operators. */
export function channelAlgebra(builder: Builder, dims: Shape): ChannelAlgebra {
  return dims.length === 4 && composes(builder, dims[1]) ? inBlocks(builder, dims) : plain(builder, dims);
}

function inBlocks(builder: Builder, dims: Shape): ChannelAlgebra {
  const affine = (x: string, { scale, shift, sum }: Terms, output?: string) =>
    channelAffine(builder, { x, scale, shift, sum, dims }, output);
  const ones = () => builder.constant(floats([dims[1]], new Float32Array(dims[1]).fill(1)));
  return {
    mean: (x) => channelMean(builder, x, dims),
    size: (x) => channelSize(builder, x, dims),
    subtract: (x, vector) => affine(x, { scale: ones(), shift: builder.op('Neg', [vector]) }),
    affine,
  };
}

function plain(builder: Builder, dims: Shape): ChannelAlgebra {
  const rank = dims.length;
  const wide = (vector: string) => builder.reshape(vector, [1, -1, ...Array<number>(rank - 2).fill(1)]);
  const axes = [...Array(rank).keys()].filter((axis) => axis !== 1);
  return {
    mean: (x) => builder.reduceMean(x, axes, false),
    size(x) {
      const size = builder.op('Cast', [builder.op('Size', [x])], { to: 1 });
      return builder.op('Div', [size, builder.scalar(dims[1])]);
    },
    subtract: (x, vector) => builder.op('Sub', [x, wide(vector)]),
    affine(x, { scale, shift, sum }, output) {
      const terms = [...(shift ? [wide(shift)] : []), ...(sum ? [sum] : [])];
      const name = (at: number) => (at === terms.length ? output : undefined);
      const scaled = builder.op('Mul', [x, wide(scale)], {}, name(0));
      return terms.reduce((total, term, at) => builder.op('Add', [total, term], {}, name(at + 1)), scaled);
    },
  };
}
