import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { parse } from 'yaml';

import { writeNpy } from '../engine/data/npy';
import { saveModel } from '../engine/onnx/model';
import { floats } from '../engine/tensor/tensor';
import type { EvaluationQuestion } from '../run-spec/activity-contract';
import { loadSpec } from '../run-spec/load';
import { Result } from '../run-spec/result-schema';
import { temporalBinary } from '../server/temporal-binary';
import { temporaryFolder } from './support/folder';
import { imageFolders } from './support/image-folders';
import { codeBlocks } from './support/markdown';
import { root } from './support/paths';
import { temporal } from './support/temporal';
import { tinyJob } from './support/tiny';
import { until } from './support/until';
import { publish, type WebServer, webServer } from './support/web-server';
import { yolo } from './support/yolo';

/*
 * The commands of docs' pages, run as they are written by a shell that finds `slimflow` and `temporal`; only places that no
 * test may write to are replaced. docs/your-data.md is run by test/cli/your-data, Python by test:python, the examples by theirs.
 */

const folder = temporaryFolder();
const bin = join(folder, 'bin');
let server: TestWorkflowEnvironment;
beforeAll(async () => {
  server = await temporal();
  mkdirSync(bin);
  const { path } = await temporalBinary();
  const main = join(root, 'dist', 'cli', 'main.js');
  for (const [name, command] of Object.entries({
    slimflow: `"${process.execPath}" "${main}"`,
    temporal: `"${path}"`,
  })) {
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${command} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
  }
});
const workers: ChildProcess[] = [];
afterAll(async () => {
  workers.forEach((one) => one.kill('SIGKILL'));
  await server.teardown();
});

const page = (name: string) => readFileSync(join(root, 'docs', name), 'utf8');
/** The first block of a page that has a text in it. */
const block = (name: string, language: string, text: string): string => {
  const found = codeBlocks(page(name), language).find(({ code }) => code.includes(text));
  if (!found) throw new Error(`docs/${name} has no block of ${language} with ${text}`);
  return found.code;
};

const environment = () => ({
  ...process.env,
  TEMPORAL_ADDRESS: server.address,
  SLIMFLOW_CACHE: join(folder, 'cache'),
  PATH: `${bin}${delimiter}${process.env.PATH}`,
});

/** Runs lines of a page in a folder; those of workers go on until the end of the tests. */
async function shell(at: string, lines: string): Promise<string> {
  let said = '';
  for (const line of lines.trim().split('\n')) {
    if (line.startsWith('slimflow worker')) {
      const [program, ...args] = line.split(' ');
      const worker = spawn(join(bin, program), args, {
        cwd: at,
        env: environment(),
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      workers.push(worker);
      let log = '';
      worker.stdout.on('data', (data) => (log += String(data)));
      await until(() => log.includes('"working for'));
      continue;
    }
    const { stdout } = await promisify(execFile)('bash', ['-c', line], { cwd: at, env: environment() });
    said += stdout;
  }
  return said;
}

const jobIn = (name: string, changes: object): string => {
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  tinyJob(at, { techniques: ['weight-svd'], candidates: [0.3, 0.6], ...changes });
  return at;
};
const resultIn = (at: string) =>
  Result.parse(JSON.parse(readFileSync(join(at, 'out', 'result.json'), 'utf8')));

describe('docs/your-own-metric.md', () => {
  it('a class in a file judges a run', async () => {
    const at = jobIn('module', parse(block('your-own-metric.md', 'yaml', 'module:')) as object);
    writeFileSync(
      join(at, 'metric.mjs'),
      block('your-own-metric.md', 'js', 'metric.mjs').replaceAll('{ logits }', '{ y: logits }'),
    );
    await shell(at, 'slimflow run job.json');
    expect(resultIn(at).metric).toBe('balanced');
  });

  it('an activity judges a run', async () => {
    const at = jobIn('activity', parse(block('your-own-metric.md', 'yaml', 'activity:')) as object);
    const questions: EvaluationQuestion[] = [];
    const worker = await Worker.create({
      connection: server.nativeConnection,
      taskQueue: 'python-gpu',
      activities: {
        evaluateDetector: (question: EvaluationQuestion) => {
          questions.push(question);
          return { points: 41.27, details: { map50: 58.9 } };
        },
      },
    });
    await worker.runUntil(shell(at, 'slimflow run job.json'));
    expect(resultIn(at)).toMatchObject({ metric: 'evaluateDetector', original: { metric: 41.27 } });
    expect(questions.length).toBeGreaterThan(2);
  });

  it('fidelity does without labels', async () => {
    const at = jobIn('fidelity', parse(block('your-own-metric.md', 'yaml', 'fidelity')) as object);
    const spec = JSON.parse(readFileSync(join(at, 'job.json'), 'utf8')) as {
      data: Record<string, { labels?: string }>;
    };
    for (const split of Object.values(spec.data)) delete split.labels;
    writeFileSync(join(at, 'job.json'), JSON.stringify(spec));
    await shell(at, 'slimflow run job.json');
    expect(resultIn(at)).toMatchObject({ metric: 'fidelity', original: { metric: 100 } });
  });
});

describe('docs/from-another-language.md', () => {
  it("Temporal's own command starts a run, on a worker of that task queue", async () => {
    const at = jobIn('language', {});
    const text = page('from-another-language.md');
    const [worker] = /slimflow worker --task-queue compression --store \S+(?=`)/.exec(text)!;
    const lines = `${worker}\n${block('from-another-language.md', 'sh', 'input.json')}`
      .replaceAll('/mnt/store', join(at, 'store'))
      .replaceAll('job.yaml', 'job.json');
    await shell(at, lines);
    const { outcome } = (await server.client.workflow.getHandle('nightly').result()) as Result;
    expect(outcome).not.toBe('stopped');
  });

  it.each(
    [...page('from-another-language.md').matchAll(/^\| (`[^|]*`) \|/gm)].flatMap(([, names]) =>
      names.match(/[\w-]+/g)!,
    ),
  )('slimflow schema %s prints it', async (name) => {
    const schema = JSON.parse(await shell(folder, `slimflow schema ${name}`)) as { title: string };
    expect(schema.title).toBe(`slimflow ${name}`);
  });
});

describe('docs/own-workflows.md', () => {
  let web: WebServer;
  beforeAll(async () => {
    web = await webServer();
  });
  afterAll(() => web.stop());

  it('a schedule starts a run that imports what is there then', async () => {
    const at = jobIn('schedule', {});
    const exports = join(at, 'exports');
    mkdirSync(exports);
    await imageFolders(join(exports, 'train'), ['ape', 'bee'], 12, () => [8, 8]);
    for (const name of ['val', 'test']) {
      writeNpy(join(exports, `${name}.npy`), floats([20, 1, 8, 8]));
      writeNpy(join(exports, `${name}-labels.npy`), { type: 'int32', dims: [20], data: new Int32Array(20) });
    }
    publish(web, '/exports/latest.onnx', readFileSync(join(at, 'model.onnx')));
    const spec = block('own-workflows.md', 'yaml', '# job.yaml');
    const places: Readonly<Record<string, string>> = {
      's3://models/data/train/': join(exports, 'train'),
      's3://models/exports/': `${web.url}/exports/`,
      '/exports/': `${exports}/`,
      '/exports ': `${exports} `,
      '{ resize: 256, crop: 224 }': '{ resize: 8, crop: 8, channels: gray }',
      '--task-queue compression': '--task-queue nights',
    };
    const pattern = new RegExp(
      Object.keys(places)
        .map((place) => place.replace(/[{}]/g, '\\$&'))
        .join('|'),
      'g',
    );
    const here = (text: string) => text.replace(pattern, (place) => places[place]);
    writeFileSync(
      join(at, 'job.yaml'),
      `${here(spec)}\ntarget: 0.6\ntolerance: 100\ntechniques: [weight-svd]\nfineTune: { epochs: 0 }\nlatency: { runs: 3 }\n`,
    );
    const started = async () => {
      const runs: string[] = [];
      for await (const { workflowId } of server.client.workflow.list({ query: 'TaskQueue = "nights"' }))
        runs.push(workflowId);
      return runs.find((id) => id.startsWith('nightly-'));
    };
    await shell(at, here(block('own-workflows.md', 'sh', 'nightly.json')));
    await shell(at, 'temporal schedule trigger --schedule-id nightly');
    await until(async () => (await started()) !== undefined);
    const run = server.client.workflow.getHandle((await started())!);
    expect(((await run.result()) as Result).outcome).not.toBe('stopped');
    expect(web.answered).toContain('200 /exports/latest.onnx');
  });
});

describe('docs/detectors.md', () => {
  it('a detector is judged on boxes in arrays, and in files that go with images', async () => {
    const at = join(folder, 'detectors');
    mkdirSync(at);
    saveModel(yolo({ version: 'v8', classes: 80, side: 64, width: 0.125 }), join(at, 'yolov8n.onnx'));
    for (const split of ['train', 'val', 'test'])
      writeNpy(join(at, `${split}-images.npy`), {
        type: 'uint8',
        dims: [4, 3, 64, 64],
        data: new Uint8Array(4 * 3 * 64 * 64),
      });
    for (const split of ['val', 'test'])
      writeNpy(
        join(at, `${split}-boxes.npy`),
        floats([4, 1, 6], [0, 8, 8, 40, 40, 0, 1, 8, 8, 40, 40, 0, 2, 8, 8, 40, 40, 0, -1, 0, 0, 0, 0, 0]),
      );
    writeFileSync(join(at, 'job.yaml'), block('detectors.md', 'yaml', 'model: yolov8n.onnx'));
    expect(loadSpec(join(at, 'job.yaml')).metric).toMatchObject({ decoder: 'yolov8', classes: 80 });
    const [first] = (
      JSON.parse(
        await shell(at, 'slimflow evaluate yolov8n.onnx --data job.yaml --latency-runs 0 --json'),
      ) as { models: { value: number }[] }
    ).models;
    expect(first.value).toBeGreaterThanOrEqual(0);

    const images = await imageFolders(at, ['val2017'], 2, () => [48, 64]);
    const names = images.map((path) => path.split('/').at(-1)!);
    writeFileSync(
      join(at, 'instances_val2017.json'),
      JSON.stringify({
        images: names.map((file_name, id) => ({ id, file_name, width: 48, height: 64 })),
        annotations: [{ id: 1, image_id: 0, category_id: 1, bbox: [1, 2, 20, 20], area: 400, iscrowd: 0 }],
        categories: [{ id: 1, name: 'person' }],
      }),
    );
    const split = block('detectors.md', 'yaml', 'instances_val2017.json').replace(
      'letterbox: 640',
      'letterbox: 64',
    );
    writeFileSync(
      join(at, 'files.yaml'),
      `metric: { name: coco-map, decoder: yolov8, classes: 80 }\ndata:\n  ${split.trim().replaceAll('\n', '\n  ')}\n`,
    );
    await shell(at, 'slimflow evaluate yolov8n.onnx --data files.yaml --latency-runs 0');
  });
});
