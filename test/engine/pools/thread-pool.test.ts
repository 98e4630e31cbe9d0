import type { EngineError } from '../../../engine/errors';
import { JobPool } from '../../../engine/pools/thread-pool';
import type { Progress } from '../../../engine/jobs/types';
import { machinery } from '../../support/method';
import { digits, digitsModel } from '../../support/paths';

describe('JobPool', () => {
  const pool = new JobPool({ slots: 2 });
  afterAll(() => pool.close());
  const evaluation = { model: digitsModel(), data: digits(0, 7000), metric: 'top1', machinery } as const;

  it('runs a job in a thread, with progress, while the event loop goes on', async () => {
    const seen: Progress[] = [];
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const { value, samples } = await pool.run('evaluate', evaluation, {
      onProgress: (progress) => seen.push(progress),
    });
    clearInterval(timer);
    expect(samples).toBe(7000);
    expect(value).toBeGreaterThan(97);
    expect(seen.length).toBeGreaterThan(10);
    expect(ticks).toBeGreaterThan(5); // of a loop that was held up, none or two
  });

  it('stops a job before its end when it is asked to, and goes on serving', async () => {
    const controller = new AbortController();
    const job = pool.run('evaluate', evaluation, {
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(job).rejects.toMatchObject({ code: 'Cancelled' });
    expect((await pool.run('analyze', { model: digitsModel() })).macs).toBe(31_021_952);
  });

  it('does not run a job that was stopped before its turn', async () => {
    const job = pool.run('analyze', { model: digitsModel() }, { signal: AbortSignal.abort() });
    await expect(job).rejects.toMatchObject({ code: 'Cancelled' });
  });

  it('keeps the code of an error across the thread', async () => {
    const failure = await pool.run('analyze', { model: 'none.onnx' }).catch((error: EngineError) => error);
    expect(failure).toMatchObject({ code: 'InvalidModel' });
    expect((failure as EngineError).message).toMatch(/none\.onnx cannot be read/);
  });
});
