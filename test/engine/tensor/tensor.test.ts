import { floats, fromBytes, int64s, numbersOf, toBytes } from '../../../engine/tensor/tensor';

describe('tensor', () => {
  it('reads bytes that are not aligned to the element, from a Buffer that shares memory', () => {
    const whole = Buffer.alloc(13);
    whole.writeFloatLE(1.5, 1);
    whole.writeFloatLE(-2, 5);
    const { data } = fromBytes('float32', [2], whole.subarray(1, 9));
    expect(Array.from(data as Float32Array)).toEqual([1.5, -2]);
  });

  it('refuses bytes that are not those of the shape', () => {
    expect(() => fromBytes('float32', [3], new Uint8Array(8))).toThrow(
      'a float32 tensor of shape [3] takes 12 bytes, not 8',
    );
  });

  it('gives its bytes and its numbers', () => {
    expect(toBytes(floats([1], [1]))).toEqual(new Uint8Array([0, 0, 128, 63]));
    expect(numbersOf(int64s([3, -1]))).toEqual([3, -1]);
  });
});
