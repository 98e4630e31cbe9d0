import type { Page } from 'playwright-core';

/** Everything that is written on a page, in the frames in it too: the UI draws Markdown in frames of their own. */
export async function textOf(page: Page): Promise<string> {
  const texts = await Promise.all(
    page.frames().map((frame) =>
      frame
        .locator('body')
        .evaluate((body: { textContent: string | null }) => body.textContent ?? '', undefined, {
          timeout: 5000,
        })
        .catch(() => ''),
    ),
  );
  return texts.join('\n').replaceAll('\u00a0', ' ').replace(/\s+/g, ' ');
}

/** How long a page may take to show what it should: a slow machine starts browser, server and worker at once. */
const patienceMs = 240_000;
/** The UI asks the worker once; pressed again, it asks again. */
const refresh = 'r';

/**
 * Waits until a page shows all of `texts`.
 * @throws Error with what is missing, and what the page shows instead
 */
export async function shows(page: Page, url: string, texts: readonly string[]): Promise<void> {
  const until = Date.now() + patienceMs;
  await page.goto(url, { timeout: patienceMs });
  let text = '';
  for (let round = 1; Date.now() < until; round++) {
    text = await textOf(page);
    if (texts.every((one) => text.includes(one))) return;
    await page.waitForTimeout(250);
    if (round % 40 === 0) await page.keyboard.press(refresh);
  }
  const missing = texts.filter((one) => !text.includes(one));
  throw new Error(`${url} does not show ${JSON.stringify(missing)}, but:\n${text}`);
}
