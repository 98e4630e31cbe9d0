import { existsSync } from 'node:fs';

import { providerNames } from '../../../engine/names';
import {
  defaultProvider,
  describeProviders,
  offersGpu,
  resolveProvider,
} from '../../../engine/runtime/providers';
import { placements } from '../../../engine/runtime/profile';
import { Session } from '../../../engine/runtime/session';
import { distance, randoms } from '../../support/graphs';
import { tinyNetwork } from '../../support/tiny';

const cuda = async () => (await describeProviders('auto')).providers.find(({ name }) => name === 'cuda')!;

it('the environment names the provider of a process, automatic by default', () => {
  expect(defaultProvider({})).toBe('auto');
  expect(defaultProvider({ SLIMFLOW_PROVIDER: 'cpu' })).toBe('cpu');
  expect(() => defaultProvider({ SLIMFLOW_PROVIDER: 'gpu' })).toThrow(
    /SLIMFLOW_PROVIDER is gpu; set it to one of auto, cpu, cuda, webgpu/,
  );
});

it('describes each provider, and why it is not the one used', async () => {
  const { asked, used, providers } = await describeProviders('cpu');
  expect([asked, used]).toEqual(['cpu', 'cpu']);
  expect(providers.map(({ name }) => name)).toEqual([...providerNames]);
  for (const { name, state, why } of providers) expect([name, state === 'used']).toEqual([name, !why]);
  const webgpu = providers.find(({ name }) => name === 'webgpu')!;
  expect(webgpu.state).toBe('untried');
});

it('a GPU is offered if its library is there, or the environment names one', async () => {
  expect(offersGpu({ SLIMFLOW_PROVIDER: 'webgpu' })).toBe(true);
  expect(offersGpu({ SLIMFLOW_PROVIDER: 'cpu' })).toBe(
    !/library is not installed/.test((await cuda()).why ?? ''),
  );
});

it('auto is CUDA if it works, otherwise the CPU', async () => {
  const { state, why } = await cuda();
  expect(await resolveProvider('auto')).toBe(state === 'used' ? 'cuda' : 'cpu');
  if (state !== 'used') expect(why).toMatch(/\S/);
});

it('CUDA that was asked for computes what the CPU does, on the GPU; without one it is an error, no fallback', async () => {
  const { state, why } = await cuda();
  const open = (provider: 'cuda' | 'cpu') => Session.open(tinyNetwork(), { threads: 1, provider });
  if (state !== 'used') {
    console.log(`no CUDA here, so that only its refusal is tested: ${why}`);
    await expect(open('cuda')).rejects.toMatchObject({
      code: 'InvalidSettings',
      message: expect.stringMatching(
        /execution provider cuda cannot be used: .*SLIMFLOW_PROVIDER/s,
      ) as string,
    });
    expect((await describeProviders('cuda')).used).toBeUndefined();
    if (why!.includes('is not installed')) {
      const [, script] = /ONNXRUNTIME_NODE_INSTALL=cuda12 node (\S+)/.exec(why!)!;
      expect(existsSync(`${script}.js`)).toBe(true);
    }
    return;
  }
  const [gpu, cpu] = [await open('cuda'), await open('cpu')];
  const x = randoms([3, 1, 8, 8], 1);
  // Convolutions run in TF32, which keeps ten bits.
  expect(distance((await gpu.run({ x })).y, (await cpu.run({ x })).y)).toBeLessThan(5e-3);
  await Promise.all([gpu.close(), cpu.close()]);
  const nodes = await placements(tinyNetwork(), 'cuda');
  for (const { op, provider } of nodes)
    if (op.includes('Conv')) expect(provider).toBe('CUDAExecutionProvider');
});

it('placements say where each node ran', async () => {
  const nodes = await placements(tinyNetwork(), 'cpu');
  expect(nodes.map(({ op }) => op)).toEqual(expect.arrayContaining(['Conv', 'Gemm']));
  expect(new Set(nodes.map(({ provider }) => provider))).toEqual(new Set(['CPUExecutionProvider']));
});
