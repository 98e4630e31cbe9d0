/** Mulberry32: uniform numbers in [0, 1) from 32 bits of state. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The order in which an epoch visits `length` samples (Fisher-Yates), a function of seed and epoch alone, so that a
 * resumed run sees what an uninterrupted one would have.
 */
export function epochOrder(length: number, seed: number, epoch: number): Uint32Array {
  // The odd multipliers keep neighbouring seeds and epochs from sharing a stream.
  const next = uniform(Math.imul(seed, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b));
  const order = Uint32Array.from({ length }, (_, at) => at);
  for (let at = length - 1; at > 0; at--) {
    const other = Math.floor(next() * (at + 1));
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
}
