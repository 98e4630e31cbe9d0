import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Graph } from '../onnx/graph';
import type { Tensor } from '../tensor/tensor';
import { type InputSizes, randomFeeds } from './feeds';
import type { ProviderChoice } from '../names';
import { Session, type SessionSettings } from './session';

/** Options for profiling a model. */
export interface ProfileOptions extends InputSizes {
  readonly threads: number;
  /** Timed runs, after a few warm-up runs. */
  readonly runs: number;
  readonly provider?: ProviderChoice;
  readonly optimize?: SessionSettings['optimize'];
}

/** A node of the graph that ONNX Runtime made of a model, with nodes fused and layout changes added. */
export interface NodeTime {
  /** Its name there: usually the value that it computes, with `_nchwc` in the blocked layout. */
  readonly node: string;
  readonly op: string;
  /** The execution provider that ran it: CPUExecutionProvider, CUDAExecutionProvider, … */
  readonly provider: string;
  /** Median time of its kernel, in ms. On a GPU this is only the launch time for kernels that run asynchronously. */
  readonly ms: number;
  /** Bytes of its results. */
  readonly bytes: number;
}

/** Times of a model's nodes. */
export interface Profile {
  /** In the order in which they ran. */
  readonly nodes: readonly NodeTime[];
  /** Median over the runs of the sum of all kernels, in ms: excludes the cost of the call itself. */
  readonly ms: number;
}

/** Runs that are not counted: the first ones allocate memory and choose algorithms. */
export const warmUp = 3;

/**
 * Measures ms per node of a model on random inputs, by ONNX Runtime's own profiler.
 * @throws EngineError `InvalidSettings` if the model leaves a size open that `inputShape` does not give
 */
export async function profile(
  graph: Graph,
  { inputShape, runs, ...settings }: ProfileOptions,
): Promise<Profile> {
  const feeds = randomFeeds(graph, { inputShape });
  const session = await ProfiledSession.open(graph, settings);
  try {
    for (let run = -warmUp; run < runs; run++) await session.run(feeds);
    const recorded = session.finish().slice(warmUp);
    const nodes = recorded[0].map((node, at) => ({ ...node, ms: median(recorded.map((run) => run[at].ms)) }));
    return { nodes, ms: median(recorded.map(sumOf)) };
  } finally {
    await session.close();
  }
}

/** The execution provider that ran a node. */
export type Placement = Pick<NodeTime, 'node' | 'op' | 'provider'>;

/**
 * Finds where ONNX Runtime runs each node of a model with a provider: nodes that the provider has no kernel for, or
 * that ONNX Runtime deems cheaper on the CPU, silently go there. Runs the model once on random inputs.
 */
export async function placements(
  graph: Graph,
  provider?: ProviderChoice,
  sizes: InputSizes = {},
): Promise<Placement[]> {
  const { nodes } = await profile(graph, { ...sizes, provider, threads: 1, runs: 1 });
  return nodes.map(({ node, op, provider: at }) => ({ node, op, provider: at }));
}

/** Kernels of one run, in order. */
export type ProfiledRun = readonly NodeTime[];

/** A session whose kernels are timed by ONNX Runtime. */
export class ProfiledSession {
  private constructor(
    private readonly session: Session,
    private readonly folder: string,
  ) {}

  static async open(graph: Graph, settings: SessionSettings): Promise<ProfiledSession> {
    const folder = mkdtempSync(join(tmpdir(), 'slimflow-profile-'));
    try {
      const session = await Session.open(graph, { ...settings, profile: join(folder, 'profile') });
      return new ProfiledSession(session, folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>> {
    return this.session.run(feeds);
  }

  /** Ends the recording and returns what was recorded, per run. */
  finish(): ProfiledRun[] {
    this.session.endProfile();
    const [file] = readdirSync(this.folder); // ONNX Runtime appends the time to its name
    return runsOf(JSON.parse(readFileSync(join(this.folder, file), 'utf8')) as ProfileEvent[]);
  }

  async close(): Promise<void> {
    await this.session.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Sums the ms of all kernels of a run. */
export const sumOf = (run: ProfiledRun): number => run.reduce((sum, { ms }) => sum + ms, 0);

/** Returns the median; of an even number of values the larger of the middle two. */
export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1];

/** An event of ONNX Runtime's profile, in Chrome's trace format: times in µs. */
interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly op_name?: string; readonly provider?: string; readonly output_size?: string };
}

const kernel = '_kernel_time';
const withSubgraphs = new Set(['If', 'Loop', 'Scan']);

/** Splits events into runs: they are listed in the order in which they ended, so a run's own event comes last. */
function runsOf(events: readonly ProfileEvent[]): ProfiledRun[] {
  const runs: ProfiledRun[] = [];
  let nodes: ProfileEvent[] = [];
  for (const event of events) {
    if (event.cat === 'Node' && event.name.endsWith(kernel)) {
      // Kernels of a subgraph fall within the time of its node, which ends after them.
      if (withSubgraphs.has(event.args?.op_name ?? ''))
        while (nodes.length && nodes[nodes.length - 1].ts >= event.ts) nodes.pop();
      nodes.push(event);
    } else if (event.name === 'model_run') {
      runs.push(nodes.map(timeOf));
      nodes = [];
    }
  }
  return runs;
}

const timeOf = ({ name, dur, args }: ProfileEvent): NodeTime => ({
  node: name.slice(0, -kernel.length),
  op: args?.op_name ?? '',
  provider: args?.provider ?? '',
  ms: dur / 1000,
  bytes: Number(args?.output_size ?? 0),
});
