import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

import { startGuidebook, taskQueueOf } from '../../client/start-guidebook';
import { startServer, type TemporalServer, workflowLink } from '../../server/find-server';
import type { Result } from '../../run-spec/result-schema';
import { FileStore } from '../../store/file-store';
import { answering } from '../../workers/answering';
import { launchBrowser } from '../support/browser';
import { fakeWorker, specIn } from '../support/fake-run';
import { temporaryFolder } from '../support/folder';
import { quietly } from '../support/temporal';
import { shows } from '../support/ui';
import { isWaiting, untilProgress } from '../support/world';
import { approveSelectionUpdate } from '../../workflow';

/** On a machine without a browser, one is installed first: more than the limit of other tests, in ms. */
const installing = 1_200_000;
/** Folder for pictures for the documentation; none are taken if it is not set. */
const pictures = process.env.SLIMFLOW_SCREENSHOTS;
let server: TemporalServer;
let browser: Browser;
let page: Page;
let worker: Awaited<ReturnType<typeof answering>>;
let result: Result;
let link: string;

afterAll(async () => {
  await browser?.close();
  await worker?.stop();
  await server?.release();
});
// Behind that hook, as hooks run in their order: the server is found by its record in the folder.
const folder = temporaryFolder();

/**
 * A run that has ended, in a fake world, on the server that `slimflow run` starts; what runs now only answers queries.
 */
beforeAll(async () => {
  quietly();
  server = await startServer(folder);
  const store = new FileStore(join(folder, 'store'));
  const taskQueue = await taskQueueOf(store);
  const [connection, native] = [
    await Connection.connect(server.connection),
    await NativeConnection.connect(server.connection),
  ];
  const making = await fakeWorker(native, taskQueue);
  const client = new Client({ connection });
  result = await making.runUntil(async () => {
    const spec = specIn(folder, { tolerance: 0.6, review: { afterSelect: true } });
    const { handle } = await startGuidebook(client, spec, { store, taskQueue });
    await untilProgress(handle, isWaiting('selection'));
    await handle.executeUpdate(approveSelectionUpdate, {
      args: [{ by: 'ada@example.com', note: 'half is what we asked for' }],
    });
    return handle.result();
  });
  await Promise.all([connection.close(), native.close()]);
  link = `${workflowLink(server, result.workflowId)}/${result.runId}`;
  worker = await answering({ connection: server.connection, namespace: server.namespace, taskQueue });
  browser = await launchBrowser();
  page = await (await browser.newContext({ viewport: { width: 1280, height: 2000 } })).newPage();
}, installing);

/** Keeps what the page looks like for docs/audit.md. */
async function picture(name: string, height: number): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.setViewportSize({ width: 1280, height });
  await page.mouse.move(640, 300);
  await page.mouse.wheel(0, -9000);
  await page.waitForTimeout(2000); // for people: what moves has settled
  await page.screenshot({ path: join(pictures, `${name}.png`) });
  await page.setViewportSize({ width: 1280, height: 2000 });
}

describe('Temporal UI, of a run that has ended', () => {
  it('draws its activities and candidates as sentences', async () => {
    await shows(page, `${link}/timeline`, [
      result.workflowId,
      'Find what can be compressed in the original',
      'Evaluate the original by top1, as it came',
      'eval scores of the original for spatial SVD',
      'spatial SVD of the original to 0.65 of its MACs',
      'eval scores of ssvd-0.75 for channel pruning',
      'channel pruning of ssvd-0.75 to 0.6667 of its MACs',
      'Time the original and 6 candidates in turn, 50 runs each',
      'Evaluate ssvd-0.75/cp-0.67 by top1 on the test split',
    ]);
    await picture('timeline', 1300);
  });

  it('shows what was asked for, the table of candidates, and why each was kept or dropped', async () => {
    await shows(page, `${link}/user-metadata`, [
      'resnet to 0.5 of its MACs, with a drop of at most 0.6 points',
      'resnet is to be compressed to 0.5 of its MACs by spatial SVD and channel pruning',
      'tolerance: 0.6',
      'Step: done',
      'ssvd-0.75/cp-0.67',
      'Step 3: which candidates go on',
      'ssvd-0.75 picked: it loses 0.25 points, within the budget of 0.3 points',
      'ssvd-0.65 not picked: it loses 0.35 points, over the budget of 0.3 points',
      'Step 5: which candidate is selected',
      'ssvd-0.75/cp-0.67 selected: ratio 0.500, loses 0.5 points: the best metric, 97.50, of 3 eligible candidates',
      'ssvd-0.65 not selected: ratio 0.650, loses 0.35 points: its ratio is above 0.520',
      'What people decided',
      result.decisions[0].at,
      'selection approved: ssvd-0.75/cp-0.67',
      'ada@example.com',
      'half is what we asked for',
    ]);
    await picture('details', 2000);
  });

  it('shows its search attributes, and finds it by them', async () => {
    await shows(page, `${link}/search-attributes`, [
      '"SlimflowModel": "resnet"',
      '"SlimflowStage": "done"',
      '"SlimflowOutcome": "selected"',
      '"SlimflowTarget": 0.5',
      `"SlimflowRatio": ${result.final!.ratio}`,
      `"SlimflowMetric": ${result.final!.metric}`,
    ]);
    const query = encodeURIComponent('SlimflowOutcome = "selected" AND SlimflowRatio < 0.52');
    await shows(page, `${server.ui}/namespaces/default/workflows?query=${query}`, [
      '1 Workflow',
      result.workflowId,
    ]);
    await picture('search', 480);
  });

  it('shows the spec and the outcome in its memo', async () => {
    await shows(page, `${link}/memo`, [
      '"tolerance": 0.6',
      '"modelSha256"',
      `"selected": "${result.selected}"`,
    ]);
  });

  it('shows the candidates as its children, and of each what it came to and who made it', async () => {
    await shows(
      page,
      `${link}/relationships`,
      ['scores/original/spatial-svd', ...result.candidates.map(({ id }) => id)].map(
        (id) => `${result.workflowId}/${id}`,
      ),
    );
    await picture('children', 900);
    const scoring = workflowLink(server, `${result.workflowId}/scores/original/spatial-svd`)!;
    await shows(page, scoring, [
      'Score layer c2 of the original for spatial SVD at 9 ratios',
      'Collect the scores of 3 layers of the original for spatial SVD',
    ]);
    const child = workflowLink(server, `${result.workflowId}/${result.selected}`)!;
    await shows(page, child, ['Fine-tune ssvd-0.75/cp-0.67 for 2 epochs']);
    const own = page.url().replace(/\/timeline$/, '/user-metadata');
    await shows(page, own, [
      'channel pruning of ssvd-0.75 to 0.6667 of its MACs',
      'top1 97.50 after fine-tuning for 10 steps',
      'Fine-tuned by Slimflow 0.0.0 (engine 0123456789abcdef), ONNX Runtime 1.2.3, cpu on Paper Processor',
    ]);
  });
});
