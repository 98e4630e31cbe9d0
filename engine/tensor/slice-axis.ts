import { sizeOf, type Tensor, type TensorData } from './tensor';

/** The entries `keep` of `tensor` along `axis`, in that order. */
export function sliceAxis(tensor: Tensor, axis: number, keep: readonly number[]): Tensor {
  const outer = sizeOf(tensor.dims.slice(0, axis));
  const inner = sizeOf(tensor.dims.slice(axis + 1));
  const width = tensor.dims[axis];
  const data = tensor.data.slice(0, outer * keep.length * inner) as TensorData & {
    set(values: TensorData, at: number): void;
  };
  for (let o = 0; o < outer; o++) {
    keep.forEach((channel, at) => {
      const from = (o * width + channel) * inner;
      data.set(tensor.data.subarray(from, from + inner), (o * keep.length + at) * inner);
    });
  }
  return { type: tensor.type, dims: tensor.dims.map((dim, at) => (at === axis ? keep.length : dim)), data };
}
