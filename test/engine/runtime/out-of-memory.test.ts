import { saysOutOfMemory } from '../../../engine/runtime/out-of-memory';

test.each([
  ['FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', true],
  ['Array buffer allocation failed', true],
  ["terminate called after throwing an instance of 'std::bad_alloc'", true],
  ['bad allocation', true],
  ['Failed to allocate memory for requested buffer of size 1', true],
  ['spawn ENOMEM', true],
  ['mmap: Cannot allocate memory', true],
  ['CUDNN failure 2: CUDNN_STATUS_ALLOC_FAILED', true],
  ['CUDA failure 2: cudaErrorMemoryAllocation', true],
  ['CUDA failure 700: an illegal memory access was encountered', false],
  ['shape mismatch', false],
])('%s', (message, is) => expect(saysOutOfMemory(message)).toBe(is));
