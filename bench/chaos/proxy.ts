import { connect, createServer, type Server, type Socket } from 'node:net';

/** Treatment of the traffic through a proxy. */
type State = 'open' | 'cut' | 'stalled';

/** A TCP proxy on this machine whose connections can be cut, or left open while nothing passes. */
export class Proxy {
  private state: State = 'open';
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: () => number,
  ) {
    server.on('connection', (socket) => this.join(socket));
  }

  /** @param target the port on this machine that connections go to; asked for each of them */
  static async open(target: () => number): Promise<Proxy> {
    const proxy = new Proxy(createServer(), target);
    await new Promise<void>((resolve, reject) => {
      proxy.server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get address(): string {
    const { port } = this.server.address() as { port: number };
    return `127.0.0.1:${port}`;
  }

  /** Resets every connection, and each new one. */
  cut(): void {
    this.state = 'cut';
    this.reset();
  }

  /** Keeps every connection, and accepts new ones, but lets nothing pass. */
  stall(): void {
    this.state = 'stalled';
    this.sockets.forEach((socket) => socket.pause());
  }

  /** All passes again; what was held back comes through late, as it would by a network. */
  restore(): void {
    this.state = 'open';
    this.sockets.forEach((socket) => socket.resume());
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private reset(): void {
    this.sockets.forEach((socket) => socket.resetAndDestroy());
  }

  private join(client: Socket): void {
    if (this.state === 'cut') return void client.resetAndDestroy();
    const upstream = connect({ host: '127.0.0.1', port: this.target() });
    this.pass(client, upstream);
    this.pass(upstream, client);
  }

  private pass(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.on('data', (bytes) => {
      if (!to.write(bytes)) from.pause();
    });
    to.on('drain', () => {
      if (this.state !== 'stalled') from.resume();
    });
    from.on('end', () => to.end());
    from.on('error', () => to.destroy());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
    if (this.state === 'stalled') from.pause();
  }
}
