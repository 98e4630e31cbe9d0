import { fromHalves } from './float16';
import type { Tensor } from './tensor';

/** Returns a tensor of floats of any width in single precision, as a view if it is float32; undefined for other types. */
export function asFloats({ type, data }: Tensor): Float32Array | undefined {
  if (type === 'float32') return data as Float32Array;
  if (type === 'float16') return fromHalves(data as Uint16Array);
  return type === 'float64' ? Float32Array.from(data as Float64Array) : undefined;
}
