import { WorkflowNotFoundError } from '@temporalio/client';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { getCookie, setCookie } from 'hono/cookie';
import { streamSSE } from 'hono/streaming';
import { randomBytes } from 'node:crypto';

import { Refused } from '../client/decide';
import type { RunFilter } from '../client/list-runs';
import { runStatuses } from '../client/run-status';
import { reasonOf } from '../contract/failure-reason';
import { markup } from '../report/html/page/html';
import { contents, pageOf, sectionOf } from '../report/html/page/page';
import { script } from '../report/html/page/script';
import { act, BadFields, isAction } from './actions';
import { type Door, refusal } from './guard';
import { LiveList } from './live-list';
import { type LiveContext, LiveRun } from './live-run';
import { liveScript } from './page/script';
import { liveStyle } from './page/style';
import type { View, Watched } from './view';

/** Name of the cookie that has the token; cookies do not differ by port. */
const cookieAt = (port: number) => `slimflow-${port}`;
/** Largest body of a decision in bytes. */
const mostBytes = 20_000;
/** Most runs whose histories are kept in memory. */
const mostRuns = 200;

/** Makes the web application of `slimflow web`: pages, their events, and decisions. */
export function webApp(context: LiveContext, door: Door): Hono {
  const app = new Hono();
  const runs = new Map<string, LiveRun>();
  const run = (id: string) => {
    const known = runs.get(id) ?? new LiveRun(context, id);
    // Setting it again puts it last, so that those that nobody asked for longest go first.
    runs.delete(id);
    runs.set(id, known);
    for (const oldest of runs.keys()) if (runs.size > mostRuns) runs.delete(oldest);
    return known;
  };
  // Counted while it arrives: a body of any length must not be read first.
  const limited = bodyLimit({
    maxSize: mostBytes,
    onError: (at) => at.json({ error: `the decision has more than ${mostBytes} bytes` }, 413),
  });

  app.use(async (at, next) => {
    at.header('X-Content-Type-Options', 'nosniff');
    at.header('Referrer-Policy', 'no-referrer');
    at.header('Cross-Origin-Resource-Policy', 'same-origin');
    at.header('X-Frame-Options', 'DENY');
    at.header('Cache-Control', 'no-store');
    const given = at.req.query('token');
    const token =
      getCookie(at, cookieAt(door.port)) ?? at.req.header('authorization')?.replace(/^Bearer /, '');
    const refused = refusal(door, {
      method: at.req.method,
      host: at.req.header('host'),
      origin: at.req.header('origin'),
      fetchSite: at.req.header('sec-fetch-site'),
      token: given ?? token,
      pageToken: at.req.header('x-slimflow-page'),
    });
    if (refused) return at.json({ error: refused.reason }, refused.status);
    if (given === undefined || door.token === undefined) return next();
    // From here on the cookie has the token, and no address that is copied or logged does.
    setCookie(at, cookieAt(door.port), given, { httpOnly: true, sameSite: 'Strict', path: '/' });
    return at.html('<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Slimflow</title>');
  });

  app.get('/', async (at) => page(at, await new LiveList(context.client, filterOf(at)).first(), door));
  app.get('/events', (at) => events(at, new LiveList(context.client, filterOf(at)), door));
  app.get('/runs/:id', async (at) => page(at, await run(at.req.param('id')).first(), door));
  app.get('/runs/:id/events', (at) => events(at, run(at.req.param('id')), door));
  app.post('/runs/:id/actions/:action', limited, async (at) => {
    const { id, action } = at.req.param();
    if (!isAction(action)) return at.json({ error: `there is no action ${action}` }, 404);
    if (!/^application\/json\b/.test(at.req.header('content-type') ?? ''))
      return at.json({ error: 'send JSON' }, 415);
    try {
      return at.json({ answers: await act(context.client, id, action, await at.req.json()) });
    } catch (error) {
      const isBad = error instanceof BadFields || error instanceof SyntaxError;
      const status = isBad
        ? 400
        : error instanceof Refused
          ? 409
          : error instanceof WorkflowNotFoundError
            ? 404
            : 503;
      return at.json({ error: reasonOf(error) }, status);
    }
  });
  app.notFound((at) => at.json({ error: 'there is no such page' }, 404));
  app.onError((error, at) =>
    at.json({ error: reasonOf(error) }, error instanceof WorkflowNotFoundError ? 404 : 503),
  );
  return app;
}

function filterOf(at: Context): RunFilter {
  const given = Object.entries(at.req.query()).filter(([, value]) => value !== '');
  const { status, model, stage, outcome, query } = Object.fromEntries(given) as Record<
    string,
    string | undefined
  >;
  return { status: runStatuses.find((one) => one === status), model, stage, outcome, query };
}

/** Draws a page; its script keeps it up to date. */
function page(at: Context, { title, heading, sections }: View, { port }: Door): Response {
  const nonce = randomBytes(16).toString('base64');
  const policy = [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
  ].join('; ');
  at.header('Content-Security-Policy', `${policy}; frame-ancestors 'none'`);
  const frame = {
    title,
    policy,
    script: script + liveScript,
    style: liveStyle,
    scriptAttributes: markup` nonce="${nonce}"`,
    header: markup`<p><a href="/">All runs</a> · <span class="state" role="status">connecting to port ${port}</span></p>
      <h1>${heading}</h1>`,
  };
  return at.body(pageOf(frame, sections), 200, { 'Content-Type': 'text/html; charset=UTF-8' });
}

/** Sends the sections that changed, as long as the page is open. */
const events = (at: Context, watched: Watched, { pageToken }: Door): Response =>
  streamSSE(at, async (stream) => {
    await stream.writeSSE({ event: 'token', data: pageToken });
    const sent = new Map<string, string>();
    let writing: Promise<void> = Promise.resolve();
    await new Promise<void>((resolve) => {
      const stop = watched.listen((view) => {
        const drawn = view.sections.map((section) => [section.id, sectionOf(section).text] as const);
        const changed = drawn.filter(([id, html]) => sent.get(id) !== html);
        const order = drawn.map(([id]) => id);
        const isSame = !changed.length && order.length === sent.size;
        for (const id of sent.keys()) if (!order.includes(id)) sent.delete(id);
        changed.forEach(([id, html]) => sent.set(id, html));
        if (!isSame) {
          const data = JSON.stringify({
            title: view.title,
            heading: view.heading,
            order,
            contents: contents(view.sections).text,
            sections: changed.map(([, html]) => html),
          });
          writing = writing.then(() => stream.writeSSE({ event: 'view', data }));
        }
        if (!view.isOver) return;
        writing = writing.then(() => stream.writeSSE({ event: 'end', data: '' })).then(resolve);
      });
      stream.onAbort(() => {
        stop();
        resolve();
      });
    });
    await writing.catch(() => undefined);
  });
