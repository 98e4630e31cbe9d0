import type { LiveContext } from '../../web/live-run';
import { webApp } from '../../web/app';

/** A server whose requests never get as far as Temporal. */
const app = webApp({} as LiveContext, { port: 80, pageToken: 'the page' });
const decide = (body: string, headers: Readonly<Record<string, string>> = {}) =>
  app.request('http://localhost/runs/some-run/actions/pause', {
    method: 'POST',
    body,
    headers: {
      host: 'localhost',
      origin: 'http://localhost',
      'content-type': 'application/json',
      'x-slimflow-page': 'the page',
      ...headers,
    },
  });

describe('the web application', () => {
  it.each([
    ['a body that is too long', 413, () => decide(JSON.stringify({ by: 'x'.repeat(30_000) }))],
    ['a body that is no JSON', 400, () => decide('{')],
    ['a decision without a name', 400, () => decide('{}')],
    ['a field that is not of the form', 400, () => decide('{"by":"me","query":"x"}')],
    ['a form of another kind', 415, () => decide('by=me', { 'content-type': 'text/plain' })],
    ['another origin', 403, () => decide('{"by":"me"}', { origin: 'http://elsewhere' })],
    ['a page without its token', 403, () => decide('{"by":"me"}', { 'x-slimflow-page': 'a guess' })],
    ['another name of this machine', 421, () => decide('{"by":"me"}', { host: 'elsewhere' })],
  ])('refuses %s', async (_, status, send) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error: expect.any(String) as string });
  });
});
