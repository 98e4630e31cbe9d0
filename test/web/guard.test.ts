import { refusal } from '../../web/guard';

const door = { port: 4680, pageToken: 'page' };
const own = { method: 'POST', host: 'localhost:4680', origin: 'http://localhost:4680', pageToken: 'page' };

it.each([
  ['a page of this server', own, undefined],
  ['a reader', { method: 'GET', host: '127.0.0.1:4680' }, undefined],
  ['a reader by a name that leads here', { method: 'GET', host: 'evil.example:4680' }, 421],
  ['a reader at another port', { method: 'GET', host: 'localhost:80' }, 421],
  ['a request without a host', { method: 'GET' }, 421],
  ['a page of another site', { ...own, origin: 'http://evil.example' }, 403],
  ['a page of another port', { ...own, origin: 'http://localhost:8080' }, 403],
  ['a page without an origin', { ...own, origin: 'null' }, 403],
  ['a program without an origin', { ...own, origin: undefined }, 403],
  ['a frame of another site', { ...own, fetchSite: 'cross-site' }, 403],
  ['a page without the token of the page', { ...own, pageToken: undefined }, 403],
  ['a page with a wrong token', { ...own, pageToken: 'pages' }, 403],
])('lets in, or refuses: %s', (_, knock, status) => expect(refusal(door, knock)?.status).toBe(status));

it.each([
  ['by any name, with the token', { token: 'secret' }, undefined],
  ['without the token', {}, 401],
  ['with another token', { token: 'secrets' }, 401],
])('behind an address that others can reach: %s', (_, knock, status) =>
  expect(
    refusal({ ...door, token: 'secret' }, { ...own, host: 'gpu-1', origin: 'http://gpu-1', ...knock })
      ?.status,
  ).toBe(status),
);
