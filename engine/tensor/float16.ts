/** IEEE 754 binary16 (ONNX's float16) to and from 32-bit floats, which hold every half exactly. */

const largest = 65504;
let table: Float32Array | undefined;

/** Decodes all 65,536 halves, indexed by their bits. */
function halves(): Float32Array {
  if (table) return table;
  table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size =
      exponent === 31
        ? fraction
          ? NaN
          : Infinity
        : exponent
          ? 2 ** (exponent - 15) * (1 + fraction / 1024)
          : 2 ** -24 * fraction;
    table[bits] = bits & 0x8000 ? -size : size;
  }
  return table;
}

/** Decodes halves, given as their bits, to 32-bit floats. */
export function fromHalves(bits: ArrayLike<number>): Float32Array {
  const values = halves();
  const out = new Float32Array(bits.length);
  for (let at = 0; at < out.length; at++) out[at] = values[bits[at]];
  return out;
}

/**
 * Rounds floats to the nearest halves, ties to even, and returns their bits. Finite values beyond ±65504, the largest
 * half, are clamped to it: an infinite weight would turn a whole network into NaN.
 */
export function toHalves(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let at = 0; at < out.length; at++) out[at] = toHalf(values[at], bits[at]);
  return out;
}

function toHalf(value: number, bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (size === Infinity) return sign | 0x7c00;
  if (size >= largest) return sign | 0x7bff;
  if (size < 2 ** -14) return sign | roundEven(size * 2 ** 24); // subnormal: steps of 2^-24
  const rest = bits & 0x7fffffff;
  return sign | ((rest - 0x38000000 + 0xfff + ((rest >>> 13) & 1)) >>> 13);
}

function roundEven(value: number): number {
  const floor = Math.floor(value);
  const over = value - floor;
  return over > 0.5 || (over === 0.5 && floor % 2) ? floor + 1 : floor;
}
