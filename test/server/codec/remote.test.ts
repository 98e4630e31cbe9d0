import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

import { remoteCodec } from '../../../server/codec/remote';

/** A codec server that turns the bytes of data around. */
async function withServer<T>(work: (url: string, seen: IncomingHttpHeaders[]) => Promise<T>): Promise<T> {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers);
    let body = '';
    request.on('data', (data) => (body += String(data)));
    request.on('end', () => {
      if (request.headers.authorization !== 'Bearer x')
        return void response.writeHead(403).end('who are you?');
      const { payloads } = JSON.parse(body) as { payloads: { data: string; metadata: object }[] };
      const turned = payloads.map(({ data, metadata }) => ({
        metadata,
        data: Buffer.from(data, 'base64').reverse().toString('base64'),
      }));
      response.end(JSON.stringify({ payloads: turned }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}/{namespace}`, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

it('asks a codec server to encode and decode, and says who asks', () =>
  withServer(async (url, seen) => {
    const codec = remoteCodec(url, { namespace: 'ml', authorization: 'Bearer x' });
    const plain: Payload = defaultPayloadConverter.toPayload('text');
    const [encoded] = await codec.encode([plain]);
    expect(Buffer.from(encoded.data!).toString()).toBe('"txet"');
    const [decoded] = await codec.decode([encoded]);
    expect(defaultPayloadConverter.fromPayload(decoded)).toBe('text');
    expect(seen.map((headers) => headers['x-namespace'])).toEqual(['ml', 'ml']);
  }));

it('names the server and its answer if it refuses, or is not there', async () => {
  const refused = withServer((url) => remoteCodec(url, { authorization: 'no' }).decode([]));
  await expect(refused).rejects.toThrow(
    /codec server at http.*\/default answered 403 to decode: who are you\?/,
  );
  await expect(remoteCodec('http://127.0.0.1:1').decode([])).rejects.toThrow(
    /127\.0\.0\.1:1 can't be reached/,
  );
  expect(() => remoteCodec('codec.example')).toThrow('must be an http address');
});
