import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

import { Proxy } from '../../../bench/chaos/proxy';

let echo: Server;
let proxy: Proxy;
const sockets: Socket[] = [];
beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await once(echo.listen(0, '127.0.0.1'), 'listening');
  proxy = await Proxy.open(portOfEcho);
});
afterEach(async () => {
  sockets.splice(0).forEach((socket) => socket.destroy());
  await proxy.close();
  echo.close();
});

function socketTo(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  return socket;
}
const throughProxy = () => socketTo(Number(proxy.address.split(':')[1]));
const portOfEcho = () => (echo.address() as { port: number }).port;

async function echoed(socket: Socket, text: string): Promise<string> {
  const answer = once(socket, 'data');
  socket.write(text);
  return String((await answer)[0]);
}

describe('the proxy', () => {
  it('passes both ways', async () => {
    expect(await echoed(throughProxy(), 'hello')).toBe('hello');
  });

  it('resets what is cut, old and new, until it is restored', async () => {
    const before = throughProxy();
    await echoed(before, 'hello');
    const gone = once(before, 'error');
    proxy.cut();
    expect((await gone)[0]).toMatchObject({ code: 'ECONNRESET' });
    const refused = throughProxy().on('error', () => undefined);
    await new Promise((resolve) => refused.once('close', resolve));
    proxy.restore();
    expect(await echoed(throughProxy(), 'again')).toBe('again');
  });

  it('holds back what is sent while it stalls, and passes it then', async () => {
    const before = throughProxy();
    await echoed(before, 'hello');
    proxy.stall();
    const during = throughProxy();
    let early = '';
    for (const socket of [before, during]) socket.on('data', (data) => (early += String(data)));
    const late = Promise.all([before, during].map((socket) => once(socket, 'data')));
    before.write('one');
    during.write('two');
    // A whole round trip past the proxy: what it let through would have come back by then.
    await echoed(socketTo(portOfEcho()), 'direct');
    expect(early).toBe('');
    proxy.restore();
    expect((await late).map(([data]) => String(data))).toEqual(['one', 'two']);
  });
});
