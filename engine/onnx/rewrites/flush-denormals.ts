import { isExternal } from '../external-data';
import type { Graph } from '../graph';
import { type TensorProto, TensorProto_DataType as DataType } from '../proto/onnx_pb';
import { decodeTensor, encodeTensor } from '../tensor-proto';

/**
 * Writes denormal weights (below 2^-126, as long training with weight decay leaves them) as 0: no output changes by what
 * a float can show, and processors compute with them up to a hundred times slower (microsoft/onnxruntime #12959).
 * Leaves weights in files beside the model, which are flushed when they are written.
 */
export function flushDenormals(graph: Graph): void {
  let flushed = 0;
  for (const tensor of [...graph.model.graph!.initializer]) {
    if (isExternal(tensor)) continue;
    const own = withoutDenormals(tensor);
    if (own === tensor) continue;
    graph.setConstant(tensor.name, decodeTensor(own)!);
    flushed++;
  }
  if (flushed)
    graph.note(
      `${flushed === 1 ? 'a weight holds' : `${flushed} weights hold`} denormal numbers, which are slow to compute with: they are read, and written, as 0`,
    );
}

/** A tensor with 0 in place of its denormal 32-bit floats; itself if it has none. */
export function withoutDenormals(tensor: TensorProto): TensorProto {
  if (!isFloats(tensor) || !hasDenormals(tensor)) return tensor;
  const decoded = decodeTensor(tensor)!;
  const data = (decoded.data as Float32Array).map((value) => (Math.abs(value) < 2 ** -126 ? 0 : value));
  return encodeTensor(tensor.name, { type: 'float32', dims: decoded.dims, data });
}

/** As `withoutDenormals`, of little-endian bytes. */
export function flushedBytes(bytes: Uint8Array): Uint8Array {
  if (!denormalIn(bytes)) return bytes;
  const own = bytes.slice();
  const words = new Uint32Array(own.buffer);
  words.forEach((word, at) => {
    if (!(word & 0x7f800000)) words[at] = 0;
  });
  return own;
}

export const isFloats = ({ dataType = 0 }: TensorProto): boolean => dataType === (DataType.FLOAT as number);

const hasDenormals = ({ rawData, floatData }: TensorProto): boolean =>
  rawData?.length
    ? denormalIn(rawData)
    : floatData.some((value) => value !== 0 && Math.abs(value) < 2 ** -126);

/** Reads bytes rather than floats, which protobuf does not align. An exponent of 0 is rare, and the rest seldom read. */
function denormalIn(bytes: Uint8Array): boolean {
  for (let at = 3; at < bytes.length; at += 4)
    if (!(bytes[at] & 0x7f) && bytes[at - 1] < 0x80 && bytes[at - 1] | bytes[at - 2] | bytes[at - 3])
      return true;
  return false;
}
