import { Result } from '../../run-spec/result-schema';
import { fakeActivities, fakeMacs } from '../support/fake-activities';
import { fakeWorker, worldServer, replayed } from '../support/world';

const { server, inWorld } = worldServer();

describe('latency in the guidebook workflow', () => {
  it('selects the faster of models whose metrics are equal within the standard error, and says so', async () => {
    await inWorld({ world: { standardError: 0.44 } }, async (handle) => {
      const { selected, candidates } = Result.parse(await handle.result());
      // 0.49 of the MACs lose 0.02 points more than 0.51 of them.
      expect(selected).toBe('ssvd-0.75/cp-0.63');
      const { verdicts, reasons, speed, latencyMs } = candidates.find(({ id }) => id === selected)!;
      expect(verdicts).toEqual([
        {
          state: 'selected',
          among: {
            equal: expect.arrayContaining(['ssvd-0.75/cp-0.67', selected]) as string[],
            standardError: 0.44,
            by: 'latency',
          },
        },
      ]);
      expect(reasons.at(-1)).toMatch(
        /selected: .* the fastest, 4\.\d\d ms, of \d candidates .* standard error, 0\.44 points/,
      );
      expect(speed!.faster).toBeCloseTo(10 / latencyMs, 9);
      await replayed(handle);
    });
  });

  it('has latency measured by the device that the spec names, and takes ratios of latency from there', async () => {
    const settings = {
      cost: 'latency',
      techniques: ['spatial-svd'],
      ssvdTargets: [0.4, 0.5],
      latency: { taskQueue: 'device', batch: 2, threads: 4 },
    };
    // The device gains less from fewer MACs.
    const device = fakeActivities({ ms: (macs) => 2 + (8 * macs) / fakeMacs });
    const worker = await fakeWorker(server(), 'device', device);
    await worker.runUntil(() =>
      inWorld({ settings }, async (handle, calls) => {
        const { latencyBy, candidates, selected, original } = Result.parse(await handle.result());
        expect(latencyBy).toMatchObject({ taskQueue: 'device', batch: 2, threads: 4 });
        expect(calls.filter(([name]) => name === 'latency')).toEqual([]);
        expect(device.calls).toEqual([
          ['latency', expect.objectContaining({ compute: { provider: 'auto', linearAlgebra: 'auto' } })],
        ]);
        expect(original.latencyMs).toBe(10);
        const ratios = candidates.map(({ id, achieved }) => [id, achieved]);
        expect(ratios).toEqual([
          ['ssvd-0.40', expect.closeTo(0.52, 6)],
          ['ssvd-0.50', expect.closeTo(0.6, 6)],
        ]);
        expect(selected).toBe('ssvd-0.40');
      }),
    );
  });
});
