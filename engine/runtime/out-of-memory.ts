/**
 * Messages of allocators that ran out of memory: V8's, C++'s, ONNX Runtime's, the system's, and those of CUDA and its
 * libraries.
 */
const shortage =
  /out of memory|bad[_ ]alloc|cannot allocate memory|allocation failed|failed to allocate memory|ENOMEM|STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation/i;

/**
 * Tells from an error's message, or from what a process wrote before it ended, whether memory ran out. Training then
 * halves its micro-batch, a job's process is said to have been out of memory, and activities retry elsewhere: all three
 * ask here, so that none of them takes for a crash what another takes for a shortage.
 */
export const saysOutOfMemory = (message: string): boolean => shortage.test(message);
