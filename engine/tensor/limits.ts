/**
 * From which size on weights are dealt with as those of large models are, so that a model of several GB takes no
 * multiple of itself in memory, and none of its parts passes what protobuf and ONNX Runtime take. Tests lower them.
 */
export const limits = {
  /** Bytes of a tensor in a file from which it is read again rather than kept, and linked to rather than copied. */
  reread: 2 ** 26,
  /** Bytes of weights up to which a model goes to ONNX Runtime as one message; protobuf ends at 2 GiB. */
  message: 2 ** 30,
  /** Bytes of a tensor up to which ONNX Runtime 1.30 takes it from memory; from there on it takes a file. */
  tensor: 2 ** 31 - 1,
  /** Elements of a weight up to which U, S and V are kept whole; in float64 they take 1 GiB for a long matrix. */
  decomposed: 2 ** 26,
  /** Bytes of weights to try in a layer's place that are held at a time, where one alone takes no more. */
  held: 2 ** 31,
};
