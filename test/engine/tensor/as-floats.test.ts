import { asFloats } from '../../../engine/tensor/as-floats';
import { int64s } from '../../../engine/tensor/tensor';

it('gives floats of any width in single precision, and nothing for integers', () => {
  expect(asFloats({ type: 'float16', dims: [2], data: Uint16Array.from([0x3c00, 0xc100]) })).toEqual(
    Float32Array.from([1, -2.5]),
  );
  expect(asFloats({ type: 'float64', dims: [1], data: Float64Array.from([0.5]) })).toEqual(
    Float32Array.from([0.5]),
  );
  expect(asFloats(int64s([1]))).toBeUndefined();
});
