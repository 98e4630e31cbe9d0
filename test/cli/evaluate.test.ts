import { slimflow } from '../support/cli';
import { temporaryFolder } from '../support/folder';
import { tinyJob } from '../support/tiny';

const folder = temporaryFolder();
tinyJob(folder);

it('evaluate gives the metric, the costs and the latency of models beside each other', async () => {
  const asked = ['evaluate', 'model.onnx', 'model.onnx', '--data', 'job.json', '--split', 'test'];
  const { status, out } = await slimflow(folder, [...asked, '--latency-runs', '3', '--json']);
  expect(status).toBe(0);
  const { split, models } = JSON.parse(out) as { split: string; models: Record<string, unknown>[] };
  expect(split).toBe('test');
  expect(models).toHaveLength(2);
  expect(models[0]).toMatchObject({
    model: 'model.onnx',
    metric: 'top1',
    samples: 50,
    macs: expect.any(Number) as number,
    params: expect.any(Number) as number,
    latencyMs: expect.any(Number) as number,
  });
  expect(models[1].value).toBe(models[0].value);
  const shown = await slimflow(folder, [...asked, '--latency-runs', '0']);
  expect(shown.out).toMatch(/model +│ +top1 │ +MACs/);
  expect(shown.out).toMatch(/50 samples of the test split; ± is the standard error$/m);
});

it('evaluate names what is missing', async () => {
  const missing = await slimflow(folder, ['evaluate', 'none.onnx', '--data', 'job.json']);
  expect([missing.status, missing.err]).toEqual([2, expect.stringContaining('none.onnx')]);
  const usage = await slimflow(folder, ['evaluate', 'model.onnx']);
  expect([usage.status, usage.err]).toEqual([2, "error: required option '--data <spec>' not specified\n"]);
});
