import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { describeProviders } from '../../../engine/runtime/providers';
import type { ProviderChoice } from '../../../engine/names';
import { blockFor, probeBlock } from '../../../engine/training/lowering/probe';
import { train } from '../../../engine/training/trainer';
import { smallNetwork, smallSettings, writeSmall } from './small';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-provider-'));
afterAll(() => rmSync(folder, { recursive: true }));

const losses = async (provider?: ProviderChoice) => {
  const files = writeSmall(folder);
  const data = Dataset.open(files);
  try {
    const { stepLosses } = await train(smallNetwork(true), data, {
      settings: { ...smallSettings, epochs: 1 },
      threads: 1,
      provider,
      checkpoints: join(folder, 'checkpoints'),
      checkpointSeconds: 3600,
      sources: files,
      monitor: { report: () => undefined, checkStop: () => undefined },
    });
    return stepLosses;
  } finally {
    data.close();
  }
};

test('only the CPU has the blocked layout', async () => {
  expect(await blockFor('cpu')).toBe(await probeBlock());
  expect(await blockFor('cuda')).toBeUndefined();
  expect(await blockFor('webgpu')).toBeUndefined();
});

test('training is on the CPU by default', async () => {
  expect(await losses()).toEqual(await losses('cpu'));
});

test('training on CUDA gives the losses of the CPU; where there is none it is refused', async () => {
  const { used } = await describeProviders('cuda');
  if (used !== 'cuda') {
    await expect(losses('cuda')).rejects.toMatchObject({
      code: 'InvalidSettings',
      message: expect.stringMatching(/execution provider cuda cannot be used: .* use cpu/s) as string,
    });
    return;
  }
  const [gpu, cpu] = [await losses('cuda'), await losses('cpu')];
  // Convolutions run in TF32, which keeps ten bits.
  gpu.forEach((loss, at) => expect(Math.abs(loss / cpu[at] - 1)).toBeLessThan(0.1));
});
