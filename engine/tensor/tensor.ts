/** Element types that Slimflow computes with or carries through, by ONNX's names. */
export type ElementType =
  | 'float32'
  | 'float64'
  | 'float16'
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bool';

/** Typed array that backs a tensor's elements. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

/** A dense row-major tensor. `float16` holds its bits in a Uint16Array, `bool` its bytes in a Uint8Array. */
export interface Tensor {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** A tensor known to hold 32-bit floats. */
export interface FloatTensor extends Tensor {
  readonly type: 'float32';
  readonly data: Float32Array;
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const;

/** Bytes per element of `type`. */
export const bytesOf = (type: ElementType): number => arrays[type].BYTES_PER_ELEMENT;

/** Number of elements of a shape; 1 for a scalar's empty shape. */
export const sizeOf = (dims: readonly number[]): number => dims.reduce((size, dim) => size * dim, 1);

/** Tells if `tensor` holds 32-bit floats. */
export const isFloat = (tensor: Tensor | undefined): tensor is FloatTensor => tensor?.type === 'float32';

/** Makes a float32 tensor of shape `dims` over `data` (not copied if it is a Float32Array), or of zeros. */
export function floats(
  dims: readonly number[],
  data: ArrayLike<number> = new Float32Array(sizeOf(dims)),
): FloatTensor {
  return {
    type: 'float32',
    dims: [...dims],
    data: data instanceof Float32Array ? data : Float32Array.from(data),
  };
}

/** Makes a tensor of zeros. */
export const zeros = (type: ElementType, dims: readonly number[]): Tensor => ({
  type,
  dims: [...dims],
  data: new arrays[type](sizeOf(dims)),
});

/** Makes a 1-D int64 tensor, the form in which ONNX takes shapes, axes and pads. */
export function int64s(values: readonly number[]): Tensor {
  return { type: 'int64', dims: [values.length], data: BigInt64Array.from(values, BigInt) };
}

/** Returns the elements as JavaScript numbers (int64 beyond 2^53 loses precision). */
export const numbersOf = (tensor: Tensor): number[] =>
  Array.from(tensor.data as ArrayLike<number | bigint>, Number);

/**
 * Reads little-endian bytes as a tensor; copies them only if they are not aligned to the element size.
 * @throws RangeError if the number of bytes does not match `type` and `dims`
 */
export function fromBytes(type: ElementType, dims: readonly number[], bytes: Uint8Array): Tensor {
  const size = sizeOf(dims);
  if (bytes.byteLength !== size * bytesOf(type)) {
    throw new RangeError(
      `a ${type} tensor of shape [${dims.join(', ')}] takes ${size * bytesOf(type)} bytes, not ${bytes.byteLength}`,
    );
  }
  const aligned = bytes.byteOffset % bytesOf(type) === 0 ? bytes : new Uint8Array(bytes); // not slice(): a Buffer's shares memory
  return {
    type,
    dims: [...dims],
    data: new arrays[type](aligned.buffer as ArrayBuffer, aligned.byteOffset, size),
  };
}

/** Returns a tensor's little-endian bytes as a view of its memory. */
export const toBytes = (tensor: Tensor): Uint8Array =>
  new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
