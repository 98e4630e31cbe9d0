/**
 * Sizes above which weights are handled as those of a large model: streamed and linked rather than held and copied, so
 * that a model of several GB does not take a multiple of itself in memory and no message exceeds what protobuf and ONNX
 * Runtime accept. Tests lower them.
 */
export const limits = {
  /** Bytes of a tensor in an external file above which it is reread rather than kept, and linked rather than copied. */
  reread: 2 ** 26,
  /** Bytes of weights up to which a model is passed to ONNX Runtime as one message; protobuf's own limit is 2 GiB. */
  message: 2 ** 30,
  /** Bytes of a tensor up to which ONNX Runtime 1.30 accepts it from memory; larger ones must come from a file. */
  tensor: 2 ** 31 - 1,
  /** Elements of a weight up to which all of U, S and V are kept; in float64 they take 1 GiB for a long matrix. */
  decomposed: 2 ** 26,
  /** Bytes that WebAssembly can address, less what the code of linear algebra and its tables take. */
  wasm: 2 ** 32 - 2 ** 26,
  /** Bytes of trial weights held at a time; a single weight larger than this is held alone. */
  held: 2 ** 31,
};
