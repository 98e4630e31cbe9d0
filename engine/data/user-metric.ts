import { EngineError } from '../errors';
import type { ModuleMetric } from '../names';
import { sizeOf, type Tensor } from '../tensor/tensor';
import type { ReadBatch, Labels } from './dataset';
import { type Details, type Judge, mostDetails, type Outputs } from './judge';
import { loadModule } from './user-module';

/** A sample as a user's metric sees it. */
export interface JudgedSample {
  /** Its row in the split's files. */
  readonly index: number;
  /** Its image, [C, H, W], as the model was fed. */
  readonly image: Float32Array;
  /** Its labels: one number, or one per pixel or score; empty if the split has none. */
  readonly labels: Labels;
}

/** One sample's part of an output; `dims` do not have the batch. */
export type SampleOutputs = Readonly<Record<string, Pick<Tensor, 'data' | 'dims'>>>;

/**
 * A metric of a user's own. A spec names the ES module that exports a class of this kind:
 * `metric: { module: ./metric.mjs, export: wordAccuracy }`. It is made once for each evaluation, without arguments.
 *
 * @example
 * ```ts
 * // metric.ts, to be compiled to metric.mjs: the share of samples whose largest score is that of their label
 * import type { JudgedSample, SampleOutputs, UserMetric } from 'slimflow/engine';
 *
 * export class hits implements UserMetric {
 *   right = 0;
 *   all = 0;
 *   add({ logits }: SampleOutputs, { labels }: JudgedSample): void {
 *     const scores = Array.from(logits?.data ?? [], Number);
 *     this.right += scores.indexOf(Math.max(...scores)) === labels[0] ? 1 : 0;
 *     this.all++;
 *   }
 *   value(): number {
 *     return (100 * this.right) / this.all;
 *   }
 * }
 * ```
 */
export interface UserMetric {
  /** Adds a sample with all outputs of the model by name. May be asynchronous. */
  add(outputs: SampleOutputs, sample: JudgedSample): void | Promise<void>;
  /** Returns the metric in points; higher is better. */
  value(): number;
  /** Returns the standard error of the value over samples like these, in points. */
  standardError?(): number | undefined;
  /** Returns what the result should tell beside the value: a JSON object. */
  details?(): Details;
  /**
   * Everything that `add` has gathered, a value that `structuredClone` copies, for checkpoints; setting it goes on from
   * there. The instance's own fields if the class does not define it.
   */
  state?: unknown;
}

/** Judges a model by a user's metric, sample by sample. */
export class UserJudge implements Judge {
  private constructor(
    private readonly metric: UserMetric,
    private readonly words: string,
  ) {}

  /**
   * Loads the module and makes the metric.
   * @throws EngineError `InvalidSettings` if it can't be loaded, which names file and line, or is no such class
   */
  static async open({ module: file, export: name = 'default' }: ModuleMetric): Promise<UserJudge> {
    const made = await loadModule(file, name, 'metric');
    const words = `${name} of ${file}`;
    if (typeof made !== 'function')
      throw new EngineError(
        'InvalidSettings',
        `metric: ${words} is not a class: export a class with add(outputs, sample) and value()`,
      );
    const metric = called(words, 'constructor', () => new (made as new () => UserMetric)());
    for (const method of ['add', 'value'] as const)
      if (typeof metric[method] !== 'function')
        throw new EngineError(
          'InvalidSettings',
          `metric: ${words} has no method ${method}: a metric needs add(outputs, sample) and value()`,
        );
    const judge = new UserJudge(metric, words);
    // A state that can't be copied is told now, not at the first checkpoint.
    void judge.state;
    return judge;
  }

  async add(outputs: Outputs, { images, labels, rows, size }: ReadBatch): Promise<void> {
    const [pixels, perSample] = [images.length / size, labels.length / size];
    for (let at = 0; at < size; at++) {
      const own = Object.entries(outputs).map(([name, tensor]) => [name, this.row(name, tensor, at, size)]);
      const sample: JudgedSample = {
        index: rows[at],
        image: images.subarray(at * pixels, (at + 1) * pixels),
        labels: labels.subarray(at * perSample, (at + 1) * perSample),
      };
      try {
        await this.metric.add(Object.fromEntries(own) as SampleOutputs, sample);
      } catch (error) {
        throw failed(this.words, 'add', error);
      }
    }
  }

  value(): number {
    const value: unknown = called(this.words, 'value', () => this.metric.value());
    if (typeof value === 'number' && Number.isFinite(value)) return value;
    throw new EngineError(
      'InvalidData',
      `metric: value() of ${this.words} returned ${String(value)}, but must return a finite number of points`,
    );
  }

  standardError(): number | undefined {
    const { metric } = this;
    const value = called(this.words, 'standardError', () => metric.standardError?.());
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
  }

  details(): Details | undefined {
    const { metric } = this;
    const details = called(this.words, 'details', () => metric.details?.());
    return details === undefined ? undefined : plainDetails(details, `details() of ${this.words}`);
  }

  get state(): object {
    const { metric } = this;
    try {
      return { held: structuredClone('state' in metric ? metric.state : { ...metric }) };
    } catch (error) {
      throw new EngineError(
        'InvalidSettings',
        `metric: the state of ${this.words} can't be copied for a checkpoint: define \`state\` (get and set) with values that structuredClone copies (${(error as Error).message})`,
        { cause: error },
      );
    }
  }

  set state(known: object) {
    const { held } = known as { held: unknown };
    if ('state' in this.metric) this.metric.state = held;
    else Object.assign(this.metric, held);
  }

  /** One sample's part of an output. */
  private row(name: string, { data, dims }: Tensor, at: number, size: number): Pick<Tensor, 'data' | 'dims'> {
    if (dims[0] !== size) {
      if (size === 1) return { data, dims };
      throw new EngineError(
        'UnsupportedModel',
        `output ${name} has ${dims[0] ?? 'no'} rows for a batch of ${size}, so metric ${this.words} can't tell which sample they belong to: export the model for a batch of 1`,
      );
    }
    const length = sizeOf(dims.slice(1));
    return { data: data.subarray(at * length, (at + 1) * length), dims: dims.slice(1) };
  }
}

/**
 * Returns details as plain JSON.
 * @param whose begins the message
 * @throws EngineError `InvalidData` if they are not, or too long
 */
export function plainDetails(details: unknown, whose: string): Details {
  let text: string | undefined;
  try {
    text = JSON.stringify(details);
  } catch {
    // A cycle, or a BigInt.
  }
  if (typeof details !== 'object' || details === null || Array.isArray(details) || text === undefined)
    throw new EngineError('InvalidData', `metric: ${whose} must be an object that JSON can hold`);
  if (text.length > mostDetails)
    throw new EngineError(
      'InvalidData',
      `metric: ${whose} have ${text.length} characters as JSON, and ${mostDetails} are the most`,
    );
  return JSON.parse(text) as Details;
}

function called<T>(words: string, method: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw failed(words, method, error);
  }
}

/** Makes the error for a method of a user's that threw. */
function failed(words: string, method: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const what = error instanceof Error ? `${error.name}: ${error.message}${placeOf(error)}` : String(error);
  return new EngineError('InvalidData', `metric: ${method} of ${words} failed: ${what}`, { cause: error });
}

/** Says at which line of the user's module an error was thrown. */
const placeOf = ({ stack = '' }: Error): string => {
  const [, line] = /\.mjs(?:\?[^:)]*)?:(\d+):\d+/.exec(stack) ?? [];
  return line === undefined ? '' : ` (line ${line})`;
};
