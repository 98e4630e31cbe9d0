import { runsOf } from './stretches';
import { sizeOf, type Tensor, type TensorData } from './tensor';

/** Copies the entries `keep` of `tensor` along `axis`, in that order. */
export function sliceAxis(tensor: Tensor, axis: number, keep: readonly number[]): Tensor {
  const outer = sizeOf(tensor.dims.slice(0, axis));
  const inner = sizeOf(tensor.dims.slice(axis + 1));
  const width = tensor.dims[axis];
  const data = tensor.data.slice(0, outer * keep.length * inner) as TensorData & {
    set(values: TensorData, at: number): void;
  };
  const runs = runsOf(keep);
  let end = 0;
  for (let o = 0; o < outer; o++) {
    for (const [first, last] of runs) {
      const from = (o * width + first) * inner;
      const to = (o * width + last) * inner;
      data.set(tensor.data.subarray(from, to), end);
      end += to - from;
    }
  }
  return { type: tensor.type, dims: tensor.dims.map((dim, at) => (at === axis ? keep.length : dim)), data };
}
