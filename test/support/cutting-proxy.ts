import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that breaks connections off. */
export interface CuttingProxy {
  readonly port: number;
  /** How many connections it has cut. */
  readonly cuts: () => number;
  /** Cuts each of the next connections once so many bytes came (`up`) or went (`down`) through it. */
  cutNext(direction: 'up' | 'down', afterBytes: readonly number[]): void;
  /** Cuts no more. */
  forget(): void;
  close(): Promise<void>;
}

/** Passes on to a port of this machine what comes to its own. */
export async function cuttingProxy(to: number): Promise<CuttingProxy> {
  const planned = { up: [] as number[], down: [] as number[] };
  const open = new Set<Socket>();
  let cuts = 0;
  const server = createServer((from) => {
    const target = connect(to, '127.0.0.1');
    const counts = { up: 0, down: 0 };
    for (const socket of [from, target]) {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }
    const pass = (source: Socket, sink: Socket, direction: 'up' | 'down') =>
      source
        .on('data', (data) => {
          counts[direction] += data.length;
          const [limit] = planned[direction];
          if (limit !== undefined && counts[direction] >= limit) {
            planned[direction].shift();
            cuts++;
            from.resetAndDestroy();
            target.destroy();
          } else if (!sink.write(data)) {
            source.pause();
            sink.once('drain', () => source.resume());
          }
        })
        .on('end', () => sink.end())
        .on('close', () => sink.destroy());
    pass(from, target, 'up');
    pass(target, from, 'down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cuts: () => cuts,
    cutNext: (direction, afterBytes) => planned[direction].push(...afterBytes),
    forget: () => {
      planned.up = [];
      planned.down = [];
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      open.forEach((socket) => socket.destroy());
      await closed;
    },
  };
}
