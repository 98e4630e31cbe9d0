import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';

import { compressModel } from '../../../engine/api/compress-model';
import { inspectModel } from '../../../engine/api/inspect-model';
import { openModel } from '../../../engine/onnx/open-model';
import { outlineOf } from '../../../engine/onnx/outline';
import { reportedResult } from '../../../client/reported';
import type { RunSources } from '../../../client/run-sources';
import { comparisonOf } from '../../../report/html/data/comparison';
import { graphDiff } from '../../../report/html/data/graph-diff';
import { modelDiff } from '../../../report/html/data/model-diff';
import { comparePage } from '../../../report/html/page/compare-page';
import { diffPage } from '../../../report/html/page/diff-page';
import { count } from '../../../report/html/page/figures';
import { reportHtml } from '../../../report/html/report-html';
import { launchBrowser } from '../../support/browser';
import { temporaryFolder } from '../../support/folder';
import { sourcesOf } from '../../support/report-sources';
import { result } from '../../support/results';
import { zooModel } from '../../zoo/models';

/** On a machine without a browser, one is installed first: more than the limit of other tests, in ms. */
const installing = 1_200_000;
const folder = temporaryFolder();
/** Names that somebody else chose: markup, a quote, a mark that turns the direction of text, and great length. */
const hostile = `"><script>alert(1)</script>\u202e${'x'.repeat(80)}`;
const bare: RunSources = {
  result: reportedResult(result),
  scores: [],
  missing: ['the history of the run: not found'],
};
const unmet: RunSources = {
  ...bare,
  result: reportedResult({
    ...result,
    outcome: 'requirement-not-met',
    selected: null,
    final: null,
    unmet: {
      best: 'ssvd-0.50',
      stoppedBy: 'too much drop',
      reason: 'every candidate loses more than 1 point',
    },
  }),
};
const all = ['summary', 'front', 'guidebook', 'layers', 'training', 'predictions', 'provenance'];
const fewer = ['summary', 'front', 'guidebook', 'provenance'];

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, installing);
afterAll(() => browser?.close());

/** Opens a page from disk, with the network off, and returns it with everything that it complained about. */
async function opened(file: string, width: number, colorScheme: 'light' | 'dark') {
  // The rules are put into the page by the test, which the page's own policy would forbid.
  const options = { viewport: { width, height: 900 }, colorScheme, offline: true, bypassCSP: true };
  const page = await (await browser.newContext(options)).newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('request', (request) => {
    if (request.url() !== pathToFileURL(file).href) complaints.push(request.url());
  });
  await page.goto(pathToFileURL(file).href);
  return { page, complaints };
}

const evaluated = <T>(page: Page, script: string): Promise<T> => page.evaluate<T>(script);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const violations = `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html))`;

describe.each([
  ['3 candidates and 20 layers', sourcesOf({ candidates: 3, layers: 20 }), all],
  ['60 candidates and 500 layers', sourcesOf({ candidates: 60, layers: 500 }), all],
  ['hostile names', sourcesOf({ candidates: 4, layers: 3, suffix: hostile }), all],
  ['no candidates', sourcesOf({ candidates: 0, layers: 0 }), ['summary', 'guidebook', 'provenance']],
  ['the result alone', bare, fewer],
  ['a requirement that was not met', unmet, fewer],
])('the report of a run with %s', (name, sources, sections) => {
  const file = join(folder, `${name}.html`);
  beforeAll(async () => writeFileSync(file, reportHtml(sources)));

  it('is below 3 MB', () => expect(readFileSync(file).length).toBeLessThan(3_000_000));

  it.each([
    [1400, 'light'],
    [390, 'dark'],
  ] as const)(
    'has every section, fits, and breaks no rule of accessibility, at %d px, %s',
    async (width, theme) => {
      const { page, complaints } = await opened(file, width, theme);
      expect(await evaluated(page, '[...document.querySelectorAll("section")].map(({ id }) => id)')).toEqual(
        sections,
      );
      expect(await evaluated(page, 'document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      // Hundreds of layers are rows like the others, and would take the checker a minute.
      if ((sources.before?.length ?? 0) < 100) {
        await evaluated(page, `${axe};0`);
        expect(await evaluated(page, violations)).toEqual([]);
      }
      expect(complaints).toEqual([]);
      await page.context().close();
    },
  );
});

describe('the report of a run', () => {
  const sources = sourcesOf({ candidates: 3, layers: 20 });
  const file = join(folder, 'one.html');
  let page: Page;
  beforeAll(async () => {
    writeFileSync(file, reportHtml(sources));
    ({ page } = await opened(file, 1400, 'light'));
  });
  const rows = (label: string) =>
    evaluated<string[][]>(
      page,
      `[...document.querySelectorAll('[aria-label="${label}: table"] tbody tr')].map((row) => [...row.cells].map(({ textContent }) => textContent))`,
    );

  it('has the figures of result.json', async () => {
    const { candidates } = sources.result;
    const original = sources.result.original!;
    expect(await rows('The front')).toMatchObject(
      [
        ['original', count(original.macs), count(original.params)],
        ...candidates.map(({ id, macs, params }) => [id, count(macs), count(params)]),
      ].map((cells) => expect.arrayContaining(cells) as unknown),
    );
    const metrics = (await rows('The front')).slice(1).map((cells) => cells.slice(-3));
    expect(metrics).toEqual(
      candidates.map(({ metricBefore, metricAfter }) =>
        [metricBefore, metricAfter, original.metric - metricAfter].map((value) => value.toFixed(2)),
      ),
    );
    expect((await rows('Figures before and after')).map(([name]) => name)).toEqual([
      'MACs',
      'Parameters',
      'Evaluation',
      'Test',
      'Latency',
    ]);
  });

  it('adds the halves of a layer up, and names its rank', async () => {
    const [first] = await rows('The layers');
    expect(first).toEqual([
      '/blocks/blocks.0/c1/Conv',
      'Conv',
      count(1_000_000),
      '4.6 %',
      count(2304),
      count(500_000),
      '4.6 %',
      count(4608),
      'rank 5',
    ]);
  });

  it('switches the cost by the keyboard', async () => {
    const shown = () =>
      evaluated(
        page,
        `[...document.querySelectorAll('#front .view')].filter((one) => one.offsetHeight).map(({ className }) => className)`,
      );
    expect(await shown()).toEqual(['view view-macs']);
    await page.locator('input[value=macs]').focus();
    await page.keyboard.press('ArrowRight');
    expect(await shown()).toEqual(['view view-params']);
  });

  it('shows the figures of a point beside the pointer', async () => {
    const { id } = sources.result.candidates[0];
    const point = page.locator(`#front .view-params .wide [data-tip^="${id}: "]`).last();
    await point.hover();
    expect(await page.locator('.tip').textContent()).toMatch(new RegExp(`^${id}: .* → `));
  });

  it('names the class that lost much more than the others, and shows the samples that flipped', async () => {
    const text = await page.locator('#predictions').textContent();
    expect(text).toContain('Class 4 lost much more than the others');
    expect(await page.locator('#predictions img').count()).toBe(20);
    expect((await rows('The samples'))[0].slice(0, 3)).toEqual(['4', '4', '4']);
  });

  it('says how often work was tried, and why', async () => {
    const work = (await rows('The timeline')).find((cells) => cells[3] === '3');
    expect(work).toEqual(expect.arrayContaining(['done, after: the GPU ran out of memory']));
  });
});

it('says what to do next if the requirement was not met', async () => {
  const page = reportHtml(unmet);
  expect(page).toContain('every candidate loses more than 1 point');
  expect(page).toContain('Train longer');
});

it('escapes what others wrote', async () => {
  const page = reportHtml(sourcesOf({ candidates: 4, layers: 3, suffix: hostile }));
  expect(page).not.toContain('<script>alert');
  expect(page).not.toContain('\u202e');
  expect(page).toContain('\\u202e');
});

it('the page of a diff draws both graphs, and shows in both what a chosen layer is', async () => {
  const [original, small] = [zooModel('mobilenet_v2-torchscript'), join(folder, 'small.onnx')];
  await compressModel({ model: original, technique: 'spatial-svd', target: 0.6, out: small });
  const diff = modelDiff(await inspectModel(original), await inspectModel(small));
  const [before, after] = [original, small].map((model) => outlineOf(openModel(model)));
  const file = join(folder, 'diff.html');
  writeFileSync(file, diffPage({ original, small }, diff, graphDiff(before, after, diff)));
  for (const [width, theme] of [
    [1400, 'light'],
    [390, 'dark'],
  ] as const) {
    const { page, complaints } = await opened(file, width, theme);
    const { name } = diff.layers.find(({ status }) => status === 'split')!;
    await page.locator('#layer').selectOption(name);
    expect(await page.locator('.pane .chosen').count()).toBe(3);
    expect(await evaluated(page, 'document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const wide = () =>
      evaluated<number>(page, 'document.querySelector(".graph").getBoundingClientRect().width');
    const fitted = await wide();
    await page.getByRole('button', { name: 'Zoom in' }).click();
    expect(await wide()).toBeCloseTo(1.25 * fitted, 1);
    await evaluated(page, `${axe};0`);
    expect(await evaluated(page, violations)).toEqual([]);
    expect(complaints).toEqual([]);
    await page.context().close();
  }
});

it.each([
  [1400, 'light'],
  [390, 'dark'],
] as const)('the page of three compared runs fits and breaks no rule, at %d px, %s', async (width, theme) => {
  const runs = ['a1b2', 'c3d4', hostile].map((suffix) => sourcesOf({ candidates: 4, layers: 3, suffix }));
  const file = join(folder, `compared-${width}.html`);
  writeFileSync(file, comparePage(comparisonOf(runs)));
  const { page, complaints } = await opened(file, width, theme);
  expect(await evaluated(page, '[...document.querySelectorAll("section")].map(({ id }) => id)')).toEqual([
    'runs',
    'fronts',
    'settings',
    'winners',
  ]);
  expect(await evaluated(page, 'document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  await evaluated(page, `${axe};0`);
  expect(await evaluated(page, violations)).toEqual([]);
  expect(complaints).toEqual([]);
  await page.context().close();
});
