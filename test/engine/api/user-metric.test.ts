import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { compressModel } from '../../../engine/api/compress-model';
import { evaluateModel } from '../../../engine/api/evaluate-model';
import { ProcessPool } from '../../../engine/pools/process-pool';
import { declare } from '../../../engine/onnx/extract';
import { saveModel } from '../../../engine/onnx/model';
import { temporaryFolder } from '../../support/folder';
import { modelOf, randoms } from '../../support/graphs';
import { tinyJob } from '../../support/tiny';

const folder = temporaryFolder();
tinyJob(folder);
const model = join(folder, 'model.onnx');
const images = join(folder, 'images.npy');
const labelled = { images, labels: join(folder, 'labels.npy'), range: [200, 250] } as const;

/** The accuracy, as a user would write it. */
const hits = `export class hits {
  right = 0;
  all = 0;
  add({ y }, { labels }) {
    this.right += y.data.indexOf(Math.max(...y.data)) === labels[0] ? 1 : 0;
    this.all++;
  }
  value() { return 100 * (this.right / this.all); }
  standardError() { return 0.5; }
  details() { return { right: this.right }; }
}
`;

function moduleOf(name: string, code: string): string {
  const file = join(folder, name);
  writeFileSync(file, code);
  return file;
}

const pool = new ProcessPool({ slots: 1 });
afterAll(() => pool.close());
const judged = (code: string, name = 'hits', data: object = labelled) =>
  pool.run('evaluate', {
    model,
    data: { images, ...data },
    metric: { module: moduleOf('metric.mjs', code), export: name },
    machinery: { threads: 1, provider: 'cpu', linearAlgebra: 'auto' },
  });

describe('a metric of a user’s module', () => {
  it('sees outputs by name, labels, the image and its row, and gives what the same metric of ours does', async () => {
    const own = await evaluateModel({ model, data: labelled, metric: 'top1' });
    const { value, samples, standardError, details } = await judged(hits);
    expect([value, samples]).toEqual([own.value, own.samples]);
    expect(standardError).toBe(0.5);
    expect(details).toEqual({ right: Math.round(own.value / 2) });
    const seen = await judged(
      `export default class {
      seen = [];
      async add({ y }, sample) { this.seen.push([sample.index, sample.image.length, sample.labels.length, ...y.dims]); }
      value() { return this.seen.length; }
      details() { return { first: this.seen[0], last: this.seen.at(-1) }; }
    }`,
      'default',
      { range: [200, 250] },
    );
    expect(seen.details).toEqual({ first: [200, 64, 0, 4], last: [249, 64, 0, 4] });
  });

  it('resumes from its own state after a checkpoint', async () => {
    const checkpoints = join(folder, 'checkpoints');
    mkdirSync(checkpoints);
    const input = {
      model,
      data: { ...labelled, range: [0, 300] as const },
      metric: { module: moduleOf('resumed.mjs', hits), export: 'hits' },
      machinery: { threads: 1, provider: 'cpu', linearAlgebra: 'auto' },
      checkpointing: { checkpoints, checkpointSeconds: 0 },
    } as const;
    const written: string[] = [];
    const stop = new AbortController();
    const first = pool.run('evaluate', input, {
      signal: stop.signal,
      onProgress: ({ checkpoint }) => {
        if (checkpoint) written.push(checkpoint);
        if (written.length === 2) stop.abort();
      },
    });
    const ended = await first.then(
      () => 'whole',
      () => 'stopped',
    );
    const resumed = await pool.run('evaluate', {
      ...input,
      checkpointing: { ...input.checkpointing, resume: written[0] },
    });
    expect(written.length).toBeGreaterThan(0);
    expect(['whole', 'stopped']).toContain(ended);
    expect(resumed).toEqual(await pool.run('evaluate', { ...input, checkpointing: undefined }));
  });

  it('scores layers, too', async () => {
    const request = {
      model,
      technique: 'spatial-svd',
      target: 0.6,
      data: { train: { ...labelled, range: [0, 20] }, evaluate: labelled },
      candidates: [0.5],
      samples: 50,
    } as const;
    const scored = async (metric: Parameters<typeof compressModel>[0]['metric']) => {
      let found: unknown;
      await compressModel(
        { ...request, metric, out: join(folder, 'small.onnx') },
        { onScores: (scores) => void (found = scores) },
      );
      return found;
    };
    expect(await scored({ module: moduleOf('scores.mjs', hits), export: 'hits' })).toEqual(
      await scored('top1'),
    );
  });

  it.each([
    [
      'a syntax error',
      'export class hits {\n  add(outputs { labels }) {}\n}',
      /metric\.mjs:2 can't be loaded: SyntaxError/,
    ],
    ['no such export', 'export class other {}', /has no export hits; it has other$/],
    ['no class', 'export const hits = 1;', /is not a class/],
    ['no method value', 'export class hits { add() {} }', /has no method value/],
    [
      'an import of what is not there',
      "import 'no-such-package';\nexport class hits {}",
      /bundle it into one file/,
    ],
    ['a throw while it is loaded', "\n\nthrow new Error('no');", /metric\.mjs:3 can't be loaded: Error: no/],
    [
      'a throw of add',
      "export class hits {\n  add() {\n    throw new Error('no');\n  }\n  value() {}\n}",
      /add of hits .* failed: Error: no \(line 3\)/,
    ],
    [
      'no number',
      'export class hits { add() {} value() { return NaN; } }',
      /value\(\) of hits .* returned NaN/,
    ],
    [
      'details without an end',
      `export class hits { add() {} value() { return 1; } details() { return { text: 'x'.repeat(10000) }; } }`,
      /4000 are the most/,
    ],
    [
      'a state that can’t be copied',
      'export class hits { f = () => 1; add() {} value() { return 1; } }',
      /define `state`/,
    ],
  ])('is refused for %s', async (_why, code, message) => {
    await expect(judged(code)).rejects.toMatchObject({
      name: 'EngineError',
      message: expect.stringMatching(message) as string,
    });
  });
});

describe('metric fidelity', () => {
  it('is nearness to the other model, needs no labels, and has a standard error', async () => {
    const small = join(folder, 'near.onnx');
    await compressModel({ model, technique: 'spatial-svd', target: 0.6, out: small, samples: 8 });
    const unlabelled = { images };
    const own = await evaluateModel({ model, data: unlabelled, metric: { fidelity: model } });
    expect(own).toMatchObject({
      metric: 'fidelity',
      value: 100,
      standardError: 0,
      details: { divergence: 0 },
    });
    const near = await evaluateModel({ model: small, data: unlabelled, metric: { fidelity: model } });
    expect(near.value).toBeLessThan(100);
    expect(near.value).toBeGreaterThan(0);
    expect(near.standardError).toBeGreaterThan(0);
  });

  it('compares what decides, if a model only tells what it decided', async () => {
    const best = { op: 'ArgMax', inputs: ['y'], outputs: ['best'], attributes: { axis: 1, keepdims: 0 } };
    const gemm = { op: 'Gemm', name: 'fc', inputs: ['x', 'w'], outputs: ['y'] };
    const decided = (shift: number) => {
      const w = randoms([64, 4], 3);
      w.data[0] += shift;
      const reshape = { op: 'Flatten', inputs: ['image'], outputs: ['x'] };
      const file = join(folder, `decided-${shift}.onnx`);
      const graph = modelOf(['image', ['n', 1, 8, 8]], [reshape, gemm, best], ['best', ['n']], { w });
      graph.model.graph!.output = [declare('best', ['n'], 'int64')];
      saveModel(graph, file);
      return file;
    };
    const metric = { fidelity: decided(0) };
    expect(await evaluateModel({ model: decided(0), data: { images }, metric })).toMatchObject({
      value: 100,
    });
    const { value } = await evaluateModel({ model: decided(1), data: { images }, metric });
    expect(value).toBeLessThan(100);
    expect(value).toBeGreaterThan(90);
  });
});
