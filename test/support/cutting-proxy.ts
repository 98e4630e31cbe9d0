import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

type Direction = 'up' | 'down';

/** Treatment of a connection after a number of bytes. */
interface Fault {
  readonly after: number;
  readonly how: 'cut' | 'stall';
}

/** A TCP proxy that breaks connections off, or lets them stand still. */
export interface CuttingProxy {
  readonly port: number;
  /** Number of connections that it has cut. */
  readonly cuts: () => number;
  /** Cuts each of the next connections after a number of bytes came (`up`) or went (`down`) through it. */
  cutNext(direction: Direction, afterBytes: readonly number[]): void;
  /** Number of connections that it holds still, or did. */
  readonly stalls: () => number;
  /** As cutNext, but the connection stays open and nothing more goes through it. */
  stallNext(direction: Direction, afterBytes: readonly number[]): void;
  /** Cuts and stalls no more. */
  forget(): void;
  close(): Promise<void>;
}

/** Passes on to a port of this machine what comes to its own. */
export async function cuttingProxy(to: number): Promise<CuttingProxy> {
  const planned: Record<Direction, Fault[]> = { up: [], down: [] };
  const open = new Set<Socket>();
  const counted = { cut: 0, stall: 0 };
  const server = createServer((from) => {
    const target = connect(to, '127.0.0.1');
    const counts = { up: 0, down: 0 };
    let isStill = false;
    for (const socket of [from, target]) {
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }
    const pass = (source: Socket, sink: Socket, direction: Direction) =>
      source
        .on('data', (data) => {
          counts[direction] += data.length;
          const [fault] = planned[direction];
          if (fault && !isStill && counts[direction] >= fault.after) {
            planned[direction].shift();
            counted[fault.how]++;
            if (fault.how === 'stall') isStill = true;
            else {
              from.resetAndDestroy();
              target.destroy();
            }
          }
          // What comes is read all the same: a socket that is not read from does not hear that the other end has gone.
          if (isStill) return;
          if (!sink.write(data)) {
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
  const plan = (how: Fault['how'], direction: Direction, afterBytes: readonly number[]) =>
    planned[direction].push(...afterBytes.map((after) => ({ after, how })));
  return {
    port: (server.address() as AddressInfo).port,
    cuts: () => counted.cut,
    cutNext: (direction, afterBytes) => plan('cut', direction, afterBytes),
    stalls: () => counted.stall,
    stallNext: (direction, afterBytes) => plan('stall', direction, afterBytes),
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
