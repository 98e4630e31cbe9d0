import { EngineError } from '../errors';
import { extract } from '../onnx/extract';
import type { Graph } from '../onnx/graph';
import type { Shapes } from '../onnx/shapes';
import type { Tensor } from '../tensor/tensor';
import { judgedValues } from './judged-values';
import { weightBytes } from './large-model';
import type { ProviderChoice, ProviderName } from '../names';
import { resolveProvider } from './providers';
import { Session } from './session';
import { own } from '../table';

/** Options of a probe. */
export interface ProbeSettings {
  readonly shapes: Shapes;
  readonly threads: number;
  readonly provider?: ProviderChoice;
  /** Names of the wanted values; by default those by which a model is judged. */
  readonly outputs?: readonly string[];
  /** Estimated bytes that replacements' sessions may hold together; 2 GiB by default. */
  readonly memory?: number;
  /** Number of batches that will be run; many by default. For few, opening a session per replacement does not pay. */
  readonly batches?: number;
}

/** Values to try in place of constants of the model, by the constants' names; constants not named keep their own. */
export type Replacements = ReadonlyMap<string, Tensor>;
/** Values that `prefix` keeps of a batch for `outputs`. */
export type Kept = Readonly<Record<string, Tensor>>;

/** Highest cost of opening a session, in batches (docs/execution-providers.md). */
const fewBatches = 4;
/** Bytes a session holds besides its weights, mostly activations: 60 to 140 MB were measured on MobileNetV2 at 224x224. */
const arena = 2 ** 27;

/**
 * A network cut before the first use of some constants, to try many values for them: the part before runs once per
 * batch, the part after once per replacement. Each replacement gets its own session, opened once and used for all
 * batches: with constant weights ONNX Runtime folds, fuses and lays out as in the whole model (measured in
 * docs/execution-providers.md). Beyond a memory budget, for a few batches, and on GPUs, replacements share one session
 * that takes them as inputs: a GPU gains nothing from such a layout, and cuDNN would choose its algorithms again in
 * every session.
 */
export class ModelProbe {
  private readonly own = new Map<Replacements, Promise<Session>>();
  private shared: Promise<Session> | undefined;
  private readonly room: number;

  private constructor(
    private readonly behind: Graph,
    private readonly before: Session | undefined,
    private readonly constants: ReadonlyMap<string, Tensor>,
    /** The outputs that `outputs` returns, in the model's order. */
    readonly wanted: readonly string[],
    private readonly settings: ProbeSettings,
    provider: ProviderName,
  ) {
    const weights = behind.model.graph!.initializer.reduce((sum, tensor) => sum + weightBytes(tensor), 0);
    // ONNX Runtime holds weights twice: as loaded, and packed for its kernels.
    const memory = settings.memory ?? 2 ** 31;
    const most = Math.floor(memory / (2 * weights + arena));
    const pays = provider === 'cpu' && (settings.batches ?? Infinity) >= fewBatches && weights <= memory;
    this.room = pays ? Math.max(1, most) : 0;
  }

  /**
   * Cuts the model and opens a session for its first part.
   * @param constants names of initializers to be replaced together or in turn
   * @throws EngineError `InvalidSettings` if one of them is not a constant; `UnsupportedModel` if no wanted output
   * depends on them
   */
  static async open(
    graph: Graph,
    constants: readonly string[],
    settings: ProbeSettings,
  ): Promise<ModelProbe> {
    const values = new Map(constants.map((name) => [name, constantOf(graph, name)]));
    const wanted = settings.outputs ?? judgedValues(graph);
    if (!wanted.length)
      throw new EngineError(
        'UnsupportedModel',
        `the model has no float output to compare, only ${graph.outputs.map(({ name }) => name).join(', ')}: score by a metric instead`,
      );
    const depending = dependingOn(graph, constants);
    const changing = wanted.filter((name) => depending.values.has(name));
    if (!changing.length) {
      throw new EngineError(
        'UnsupportedModel',
        `none of the outputs ${wanted.join(', ')} depends on ${constants.join(', ')}: exclude it with \`ignore\``,
      );
    }
    const feeds = graph.inputs.map(({ name }) => name);
    const fixed = wanted.filter((name) => !depending.values.has(name));
    const kept = [...new Set([...depending.reads, ...fixed])].filter((value) => !feeds.includes(value));
    const { shapes, threads } = settings;
    const provider = await resolveProvider(settings.provider);
    const before = kept.length
      ? await Session.open(extract(graph, feeds, kept, shapes), { threads, provider })
      : undefined;
    try {
      const behind = extract(graph, [...depending.reads], changing, shapes, before?.outputTypes);
      return new ModelProbe(behind, before, values, wanted, settings, provider);
    } catch (error) {
      await before?.close();
      throw error;
    }
  }

  /** Runs the part before the constants: computes all values that `outputs` needs of one batch. */
  async prefix(feeds: Readonly<Record<string, Tensor>>): Promise<Kept> {
    if (!this.before) return feeds;
    const inputs = Object.fromEntries(this.before.inputs.map((name) => [name, feeds[name]]));
    return { ...feeds, ...(await this.before.run(inputs)) };
  }

  /**
   * Computes the wanted outputs for a batch that went through `prefix`, by default with the model's own values. A
   * replacement is identified by object: passing it again reuses its session, so its tensors must not change.
   * @throws EngineError `InvalidSettings` if it names another constant, or changes a constant's type or shape
   */
  async outputs(kept: Kept, replacement: Replacements = none): Promise<Record<string, Tensor>> {
    const session = await this.sessionOf(replacement);
    const given = (name: string) => own(kept, name) ?? replacement.get(name) ?? this.constants.get(name);
    // What is missing is named by the session.
    const feeds = Object.fromEntries(session.inputs.map((name) => [name, given(name)!]));
    const found = await session.run(feeds);
    return Object.fromEntries(this.wanted.map((name) => [name, (own(found, name) ?? own(kept, name))!]));
  }

  async close(): Promise<void> {
    const sessions = [...this.own.values(), ...(this.shared ? [this.shared] : [])];
    for (const opened of await Promise.allSettled(sessions))
      if (opened.status === 'fulfilled') await opened.value.close();
    await this.before?.close();
  }

  private sessionOf(replacement: Replacements): Promise<Session> {
    const opened = this.own.get(replacement);
    if (opened) return opened;
    this.check(replacement);
    if (this.own.size < this.room) {
      const session = this.open(replacement);
      this.own.set(replacement, session);
      return session;
    }
    return (this.shared ??= this.openShared());
  }

  /** Opens the second part with the replacement's values as constants. */
  private open(replacement: Replacements): Promise<Session> {
    const graph = extract(this.behind, inputsOf(this.behind), outputsOf(this.behind));
    replacement.forEach((tensor, name) => graph.setConstant(name, tensor));
    return this.session(graph);
  }

  /** Opens the second part with all replaceable constants as inputs. */
  private openShared(): Promise<Session> {
    const { shapes } = this.settings;
    const types = new Map([...this.constants].map(([name, { type }]) => [name, type]));
    const inputs = [...inputsOf(this.behind), ...this.constants.keys()];
    return this.session(extract(this.behind, inputs, outputsOf(this.behind), shapes, types));
  }

  private session(graph: Graph): Promise<Session> {
    const { threads, provider } = this.settings;
    return Session.open(graph, { threads, provider });
  }

  private check(replacement: Replacements): void {
    for (const [name, { type, dims }] of replacement) {
      const own = this.constants.get(name);
      if (!own) throw new EngineError('InvalidSettings', `${name} is not one of this probe's constants`);
      if (type !== own.type || String(dims) !== String(own.dims)) {
        throw new EngineError(
          'InvalidSettings',
          `${name} is ${own.type} [${own.dims.join(', ')}], but its replacement is ${type} [${dims.join(', ')}]`,
        );
      }
    }
  }
}

const none: Replacements = new Map();
const inputsOf = (graph: Graph) => graph.inputs.map(({ name }) => name);
const outputsOf = (graph: Graph) => graph.outputs.map(({ name }) => name);

function constantOf(graph: Graph, name: string): Tensor {
  const value = graph.constant(name);
  if (value) return value;
  throw new EngineError('InvalidSettings', `${name} is not a constant of the model`);
}

/** Finds the values that depend on `constants`, and the non-constant values needed to compute them. */
function dependingOn(graph: Graph, constants: readonly string[]) {
  const values = new Set(constants);
  const reads = new Set<string>();
  for (const node of graph.nodes) {
    const read = [...graph.readsOf(node)];
    if (!read.some((value) => values.has(value))) continue;
    node.output.filter(Boolean).forEach((value) => values.add(value));
    read.forEach((value) => reads.add(value));
  }
  const open = [...reads].filter((value) => !values.has(value) && !graph.isConstant(value));
  return { values: values as ReadonlySet<string>, reads: open };
}
