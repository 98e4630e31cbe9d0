import { Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { NativeConnection } from '@temporalio/worker';
import { mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';

import { startGuidebook, taskQueueOf } from '../../client/start-guidebook';
import { failureFixes } from '../../contract/failure-fixes';
import type { Activities } from '../../contract/activities';
import { connectTo } from '../../server/connect';
import { startServer, type TemporalServer, workflowLink } from '../../server/find-server';
import { FileStore } from '../../store/file-store';
import { serveWeb, type WebServer } from '../../web/serve';
import { launchBrowser } from '../support/browser';
import { serverIn } from '../support/dev-server';
import { latch } from '../support/fake-activities';
import { fakeWorker, specIn } from '../support/fake-run';
import { temporaryFolder } from '../support/folder';
import { quietly } from '../support/temporal';

/** On a machine without a browser, one is installed first: more than the limit of other tests, in ms. */
const installing = 1_200_000;
/** Longest time in ms until a page shows what it should. */
const patience = Number(process.env.PATIENCE ?? 240_000);
/** Folder for pictures for the documentation; none are taken if it is not set. */
const pictures = process.env.SLIMFLOW_SCREENSHOTS;

let server: TemporalServer;
let client: Client;
let native: NativeConnection;
let browser: Browser;
let web: WebServer;
let taskQueue: string;
let store: FileStore;

afterAll(async () => {
  await browser?.close();
  await web?.stop();
  await client?.connection.close();
  await native?.close();
  await server?.release();
});
const folder = temporaryFolder();

beforeAll(async () => {
  quietly();
  server = await startServer(join(folder, '.slimflow'));
  client = await connectTo(server);
  native = await NativeConnection.connect(server.connection);
  store = new FileStore(join(folder, '.slimflow', 'store'));
  taskQueue = await taskQueueOf(store);
  web = await serveWeb(context(), { host: '127.0.0.1', port: 0 });
  browser = await launchBrowser();
}, installing);

/** Scores as the store would have them: those of the fake world are not in it. */
const scores = ['c1', 'c2', 'c3'].map((layer) => ({
  layer,
  technique: 'spatial-svd',
  scores: [{ ratio: 0.5, units: 1, score: 90, error: 0.1 }],
}));
const context = () => ({
  client,
  store: {
    path: () => Promise.reject(new Error('not kept')),
    json: <T>() => Promise.resolve(scores as T),
    result: () => Promise.resolve(undefined),
    where: 'memory',
  },
  workflowLink: (id: string) => workflowLink(server, id),
  by: 'ada@example.com',
});

/** Activities that fail once, and wait at gates, so that a page can be looked at meanwhile. */
function heldWorld() {
  const [scoring, tuning, pruning] = [latch(), latch(), latch()];
  let isFull = true;
  return {
    scoring,
    tuning,
    pruning,
    makeRoom: () => (isFull = false),
    before: async (name: keyof Activities, sent: unknown) => {
      if (name === 'evaluate' && isFull)
        throw ApplicationFailure.create({ message: 'no room', type: 'StoreFull' });
      if (name === 'scoreLayer' && (sent as { layer: string }).layer !== 'c1') await held(scoring);
      const at = { done: 5, total: 10, note: 'epoch 1/2', losses: [2, 1], secondsLeft: 7 };
      if (name === 'fineTune') await held(isPruning ? pruning : tuning, at);
    },
  };
}
/** True once the picks are approved: what is fine-tuned from then on was pruned. */
let isPruning = false;

/** Waits at a gate with heartbeats, as work does. */
async function held({ released }: ReturnType<typeof latch>, at?: object): Promise<void> {
  const context = Context.current();
  const beat = () => context.heartbeat(at);
  beat();
  const timer = setInterval(beat, 500);
  try {
    await Promise.race([released, context.cancelled]);
  } finally {
    clearInterval(timer);
  }
}

/** Opens a page, and returns it with everything that it complained about. */
async function opened(url: string, width = 1400, colorScheme: 'light' | 'dark' = 'light') {
  const options = { viewport: { width, height: 900 }, colorScheme, bypassCSP: true };
  const page = await (await browser.newContext(options)).newPage();
  page.setDefaultTimeout(patience);
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  await page.goto(url);
  return { page, complaints };
}

/** Waits until a part of a page shows a text. */
const shows = (page: Page, selector: string, text: string | RegExp): Promise<void> =>
  page.locator(selector).filter({ hasText: text }).first().waitFor();

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const violations = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`;

async function picture(page: Page, name: string): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

it('a reviewed run is followed and decided in two browsers, over a server that is killed', async () => {
  const world = heldWorld();
  const worker = await fakeWorker(native, taskQueue, world);
  const release = () => [world.scoring, world.tuning, world.pruning].forEach((gate) => gate.release());
  const following = async () => {
    const review = { afterPick: true };
    const spec = specIn(folder, { tolerance: 1, ssvdTargets: [0.5, 0.65, 0.75], review });
    const { handle } = await startGuidebook(client, spec, { store, taskQueue });
    const { page, complaints } = await opened(web.url);
    await page.getByRole('link', { name: handle.workflowId }).click();
    // A page that is loaded again would not have it.
    await page.evaluate('window.isSame = true');

    await shows(page, '#now .retry', 'no room');
    await shows(page, '#now .retry', failureFixes.StoreFull);
    world.makeRoom();

    await shows(page, '#layers', '1 layer, scores');
    expect(await page.locator('#layers tbody th').allTextContents()).toEqual(['c1']);
    world.scoring.release();
    await shows(page, '#layers', '3 layers, scores');

    await shows(page, '#now tbody', 'fine-tuning');
    await shows(page, '#now tbody', 'epoch 1/2');
    await shows(page, '#training tbody', 'ssvd-0.65');
    // The loss, and the learning rate.
    expect(await page.locator('#training .picture.wide svg').count()).toBe(2);
    await picture(page, 'now');

    process.kill(serverIn(folder).pid, 'SIGKILL');
    await shows(page, '#now .wait', 'waiting for the Temporal server');
    await server.revive!();
    await page.locator('#now .wait').waitFor({ state: 'detached' });
    world.tuning.release();

    const other = await opened(`${web.url}runs/${encodeURIComponent(handle.workflowId)}`, 390, 'dark');
    await shows(other.page, '#approve', 'Approve the picks');
    await shows(page, '#approve', 'Approve the picks');
    await page.locator('input[name=by]').fill('ben@example.com');
    await page.locator('#approve [value="ssvd-0.75"]').check();
    for (const id of ['ssvd-0.50', 'ssvd-0.65']) await page.locator(`#approve [value="${id}"]`).uncheck();
    await page.locator('#approve [name=note]').fill('keeps more channels');
    await picture(page, 'approve');
    isPruning = true;
    await page.locator('#approve button').click();
    for (const one of [page, other.page])
      await shows(
        one,
        '[aria-label="What people decided: table"] tr',
        /ssvd-0\.75.*ben@example\.com.*keeps more/,
      );

    await other.page.locator('#decide summary').click();
    await other.page.locator('#adjust [name=tolerance]').fill('0.9');
    await other.page.locator('#adjust button').click();
    await shows(other.page, '#adjust output.done', '0.9');
    await shows(page, '#summary', 'at most 0.9 points');
    await other.page.locator('#skip [name=skip]').selectOption('ssvd-0.65');
    await other.page.locator('#adjust [name=target]').fill('1');
    await other.page.locator('#adjust button').click();
    await shows(other.page, '#adjust output.refused', 'target');

    for (const one of [page, other.page]) {
      await one.evaluate(`${axe};0`);
      expect(await one.evaluate(violations)).toEqual([]);
      expect(await one.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    }
    // What a person has opened, chosen and typed is still there, after all that changed meanwhile.
    expect(await other.page.locator('#skip [name=skip]').inputValue()).toBe('ssvd-0.65');

    await page.locator('#decide summary').click();
    await page.locator('#finish [name=note]').fill('good enough');
    await page.locator('#finish button').click();
    await shows(page, '[aria-label="What people decided: table"] tr', 'good enough');
    world.pruning.release();
    for (const one of [page, other.page]) {
      await shows(one, '.state', 'the run has ended');
      await shows(one, '#summary .badge', 'a model was selected');
      expect(await one.locator('#decide').count()).toBe(0);
    }
    const { decisions, selected } = await handle.result();
    expect(decisions.map(({ by, note }) => [by, note])).toEqual([
      ['ben@example.com', 'keeps more channels'],
      ['ada@example.com', undefined],
      ['ben@example.com', 'good enough'],
    ]);
    expect(await page.locator('#summary .lead').textContent()).toContain(selected);
    expect(await page.evaluate('window.isSame')).toBe(true);
    expect([...complaints, ...other.complaints]).toEqual([]);
    await picture(page, 'ended');
  };
  // Whatever fails, nothing is held that would keep the worker from stopping.
  await worker.runUntil(() => following().finally(release));
});

it('only its own pages may act, and elsewhere than on this machine only with the token', async () => {
  const { port } = new URL(web.url);
  const sent = (headers: Record<string, string>, url = '/runs/none/actions/pause') =>
    new Promise<number>((resolve, reject) => {
      const one = request({ host: '127.0.0.1', port, path: url, method: 'POST', headers }, (reply) => {
        reply.resume();
        resolve(reply.statusCode ?? 0);
      });
      one.on('error', reject);
      one.end('{"by":"me"}');
    });
  const origin = `http://127.0.0.1:${port}`;
  const good = { origin, 'content-type': 'application/json', 'x-slimflow-page': web.pageToken };
  expect(await sent(good)).toBe(409); // it came through: there is no such run
  expect(await sent({ ...good, origin: 'http://evil.example' })).toBe(403);
  expect(await sent({ ...good, 'x-slimflow-page': '' })).toBe(403);
  expect(await sent({ ...good, host: 'evil.example' })).toBe(421);
  expect(await sent({ ...good, 'content-type': 'text/plain' })).toBe(415);
  expect(await sent(good, '/runs/none/actions/delete')).toBe(404);
  expect((await fetch(`${origin}/runs/none`)).status).toBe(404);

  const open = await serveWeb(context(), { host: '0.0.0.0', port: 0 });
  try {
    const address = new URL(open.url);
    expect((await fetch(address.origin)).status).toBe(401);
    const { page } = await opened(open.url);
    await shows(page, '#runs', 'running');
    expect(page.url()).toBe(`${address.origin}/`);
  } finally {
    await open.stop();
  }
});
