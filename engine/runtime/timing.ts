import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { imageInput } from '../onnx/image-input';
import type { Tensor } from '../tensor/tensor';
import { type InputSizes, randomFeeds } from './feeds';
import { ownKernels } from './layer-in-place';
import { median, ProfiledSession, type ProfiledRun, sumOf, warmUp } from './profile';
import type { ProviderChoice } from '../names';
import { Session } from './session';

/** Options for timing graphs. */
export interface TimingOptions extends InputSizes {
  readonly threads: number;
  /** Timed runs of each graph, in turn. */
  readonly runs: number;
  readonly provider?: ProviderChoice;
  /** Called before each round with the number of rounds done; may throw to stop. */
  readonly onRun?: (done: number, total: number) => void;
}

/** Measured times of one graph, in ms per call. */
export interface Timing {
  /** Median: the duration of a call on this machine, with its usual disturbances. */
  readonly ms: number;
  /** Minimum: the duration of an undisturbed call. */
  readonly least: number;
  /** Half the interquartile range, relative to the median: smaller differences mean nothing. */
  readonly noise: number;
  /** The times themselves, round by round. */
  readonly times: readonly number[];
}

/** Speed of a graph beside another that it took turns with. */
export interface Speed {
  /** Factor by which it is faster: the median over the rounds of the other's time over its own. */
  readonly faster: number;
  /** Half the interquartile range of that ratio: smaller differences mean nothing. */
  readonly noise: number;
}

/**
 * Times calls of graphs on random inputs, with a batch of 1 if they leave it open. They take turns, in an order that
 * rotates by one each round, so that a machine that gets slower or busier meanwhile does so for all of them.
 * @throws EngineError `InvalidSettings` if a graph leaves a size open that `inputShape` does not give
 */
export async function timeGraphs(graphs: readonly Graph[], options: TimingOptions): Promise<Timing[]> {
  const times = graphs.map((): number[] => []);
  await inTurn(
    graphs,
    options,
    (graph, how) => Session.open(graph, how),
    async (session, feeds, at, counted) => {
      const start = performance.now();
      await session.run(feeds);
      if (counted) times[at].push(performance.now() - start);
    },
  );
  return times.map(timingOf);
}

/**
 * Times only the kernels of graphs that are parts of a network, on the CPU: a call itself adds tens of µs. Those of the
 * neighbours that `inPlace` puts around a part do not count.
 */
export async function timeKernels(graphs: readonly Graph[], options: TimingOptions): Promise<Timing[]> {
  const recorded = graphs.map((): ProfiledRun[] => []);
  const settings = { ...options, provider: 'cpu' } as const;
  await inTurn(
    graphs,
    settings,
    (graph, how) => ProfiledSession.open(graph, how),
    async (session, feeds, at, _counted, last) => {
      await session.run(feeds);
      if (last) recorded[at] = session.finish().slice(warmUp);
    },
  );
  return recorded.map((runs) => timingOf(runs.map((run) => sumOf(ownKernels(run)))));
}

type Feeds = Readonly<Record<string, Tensor>>;

/**
 * Draws the feeds of a timed call.
 * @throws EngineError `InvalidSettings` if a size is unknown, or the model or `inputShape` fixes another batch
 */
export function timedFeeds(graph: Graph, sizes: InputSizes): Feeds {
  const feeds = randomFeeds(graph, sizes);
  const { name } = imageInput(graph);
  const [own] = feeds[name].dims;
  if (sizes.batch !== undefined && own !== sizes.batch)
    throw new EngineError(
      'InvalidSettings',
      `latency.batch is ${sizes.batch}, but input ${name} has a fixed batch of ${own}: leave latency.batch out, or leave the batch open in the model and in inputSize`,
    );
  return feeds;
}

/** Opens a session per graph and calls `visit` with each of them in every round, including the warm-up rounds. */
async function inTurn<S extends { close(): Promise<void> }>(
  graphs: readonly Graph[],
  { inputShape, batch, threads, runs, provider, onRun }: TimingOptions,
  open: (graph: Graph, settings: { threads: number; provider?: ProviderChoice }) => Promise<S>,
  visit: (session: S, feeds: Feeds, at: number, counted: boolean, last: boolean) => Promise<void>,
): Promise<void> {
  const opened: { session: S; feeds: Feeds }[] = [];
  try {
    for (const graph of graphs) {
      const feeds = timedFeeds(graph, { inputShape, batch });
      opened.push({ session: await open(graph, { threads, provider }), feeds });
    }
    for (let round = 0; round < warmUp + runs; round++) {
      onRun?.(Math.max(0, round - warmUp), runs);
      for (let turn = 0; turn < opened.length; turn++) {
        const at = (turn + round) % opened.length;
        const { session, feeds } = opened[at];
        await visit(session, feeds, at, round >= warmUp, round === warmUp + runs - 1);
      }
    }
  } finally {
    for (const { session } of opened) await session.close();
  }
}

/** Computes median, minimum and noise of measured times in ms. */
export function timingOf(times: readonly number[]): Timing {
  const ms = median(times);
  return { ms, least: Math.min(...times), noise: halfSpread(times) / ms, times };
}

/** Compares a graph with another by the ratios of each round, which a busy machine disturbs less than the times. */
export function speedOf(own: Timing, other: Timing): Speed {
  const ratios = own.times.map((ms, round) => other.times[round] / ms);
  return { faster: median(ratios), noise: halfSpread(ratios) };
}

/** Half the interquartile range. */
function halfSpread(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const quartile = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
  return (quartile(0.75) - quartile(0.25)) / 2;
}
