import type { Method, ProviderName } from '../names';
import { probeBlock } from '../training/lowering/probe';

/**
 * Channels that each provider computes at once: tensor cores multiply tiles of 8 in 16 bits and of 4 in TF32; on the CPU
 * it is the block of ONNX Runtime's layout or, without one, two or more vectors.
 */
const blocks: Readonly<Record<ProviderName, () => Promise<number>>> = {
  cpu: async () => (await probeBlock()) ?? 8,
  cuda: async () => 8,
  webgpu: async () => 4,
};

/** Returns the number of channels that a provider computes at once on this machine. */
export const channelBlock = (provider: ProviderName): Promise<number> => blocks[provider]();

/** Fills in the block by which multiplicity `auto` chooses, if the method doesn't name it. */
export async function withBlock(method: Method, provider: ProviderName): Promise<Method> {
  if (method.multiplicity !== 'auto' || method.block !== undefined) return method;
  return { ...method, block: await channelBlock(provider) };
}
