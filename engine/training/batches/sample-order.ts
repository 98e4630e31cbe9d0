import { Random } from '../../data/random';

/**
 * Returns the order in which an epoch visits `length` samples (Fisher-Yates), which depends only on seed and epoch, so
 * that a resumed run sees what an uninterrupted one would have.
 */
export function epochOrder(length: number, seed: number, epoch: number): Uint32Array {
  // The odd multipliers keep neighbouring seeds and epochs from sharing a stream.
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b));
  const order = Uint32Array.from({ length }, (_, at) => at);
  for (let at = length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
}
