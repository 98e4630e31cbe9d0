import type { Graph } from '../onnx/graph';
import type { Tensor } from '../tensor/tensor';
import { type InputSizes, randomFeeds } from './feeds';
import { median, ProfiledSession, type ProfiledRun, warmUp } from './profile';
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
 * Times only the kernels of graphs that are parts of a network, on the CPU: a call itself adds tens of µs, and a part
 * run alone converts the layout of its inputs and outputs, which does not happen within the network.
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
  return recorded.map((runs) => timingOf(runs.map(withoutReorders)));
}

const withoutReorders = (run: ProfiledRun): number =>
  run.reduce((sum, { op, ms }) => (op === 'ReorderInput' || op === 'ReorderOutput' ? sum : sum + ms), 0);

type Feeds = Readonly<Record<string, Tensor>>;

/** Opens a session per graph and calls `visit` with each of them in every round, including the warm-up rounds. */
async function inTurn<S extends { close(): Promise<void> }>(
  graphs: readonly Graph[],
  { inputShape, threads, runs, provider, onRun }: TimingOptions,
  open: (graph: Graph, settings: { threads: number; provider?: ProviderChoice }) => Promise<S>,
  visit: (session: S, feeds: Feeds, at: number, counted: boolean, last: boolean) => Promise<void>,
): Promise<void> {
  const opened: { session: S; feeds: Feeds }[] = [];
  try {
    for (const graph of graphs) {
      const feeds = randomFeeds(graph, { inputShape });
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
  const sorted = [...times].sort((a, b) => a - b);
  const quartile = (share: number) => sorted[Math.floor(share * (sorted.length - 1))];
  const ms = median(sorted);
  return { ms, least: sorted[0], noise: (quartile(0.75) - quartile(0.25)) / 2 / ms };
}
