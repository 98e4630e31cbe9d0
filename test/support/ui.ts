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

/** Longest time until a page shows what it should: a slow machine starts browser, server and worker at once. */
const patienceMs = 400_000;
/** The UI asks for some things once: every few looks it is told to ask again, by its key for that, or by a reload. */
const [refreshing, reloading] = [20, 80];

/**
 * Waits until a page has shown each of `texts`, scrolled from end to end: long lists are drawn where they are seen
 * alone.
 * @throws Error with what is missing, and what the page shows instead
 */
export async function shows(page: Page, url: string, texts: readonly string[]): Promise<void> {
  const until = Date.now() + patienceMs;
  await page.goto(url, { timeout: patienceMs });
  let missing = [...texts];
  let text = '';
  for (let look = 1; Date.now() < until; look++) {
    text = await textOf(page);
    missing = missing.filter((one) => !text.includes(one));
    if (!missing.length) return;
    await page.waitForTimeout(250);
    if (look % reloading === 0) await page.reload({ timeout: patienceMs });
    else if (look % refreshing === 0) await page.keyboard.press('r');
    await page.mouse.move(640, 500);
    await page.mouse.wheel(0, look % 8 < 4 ? 500 : -500);
  }
  throw new Error(`${url} does not show ${JSON.stringify(missing)}, but:\n${text}`);
}
