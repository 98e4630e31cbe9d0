import { EngineError } from '../errors';
import { asFloats } from '../tensor/as-floats';
import { own } from '../table';
import type { Tensor } from '../tensor/tensor';
import type { ReadBatch } from './dataset';
import type { Errors, Metric } from './metric-rule';

/** A model's outputs for a batch, by name: [N, …] each. */
export type Outputs = Readonly<Record<string, Tensor>>;

/** Further figures of a metric: a JSON object. */
export type Details = Readonly<Record<string, unknown>>;
/** Longest details, as JSON, in characters: those of all candidates come in one message, the result. */
export const mostDetails = 4000;

/** Judges a model by what it computes: fed with batches of outputs, read at the end. */
export interface Judge {
  /** The outputs that it reads; all of them if left out. */
  readonly reads?: readonly string[];
  /**
   * Adds a batch.
   * @throws EngineError `UnsupportedModel` if it can't read the outputs; `InvalidData` if the labels do not fit
   */
  add(outputs: Outputs, batch: ReadBatch): void | Promise<void>;
  /**
   * Returns the metric in points; higher is better.
   * @throws EngineError `InvalidData` if the samples leave it undefined
   */
  value(): number;
  /** Returns the standard error of the value, in points; undefined, or no such function, if it is unknown. */
  standardError?(): number | undefined;
  /** Returns the distance of outputs from labels, for metrics that compare numbers. */
  errors?(): Errors | undefined;
  /** Returns what there is to tell beside the value. */
  details?(): Details | undefined;
  /** The sums so far, a value that can be copied; setting it resumes from there. */
  state: object;
  /** Frees what it holds. */
  close?(): Promise<void>;
}

/** Judges a model by a metric of its first output. */
export class FirstOutput implements Judge {
  readonly reads: readonly string[];

  /**
   * @param name of the output
   * @param words what the metric is called
   */
  constructor(
    private readonly name: string,
    private readonly metric: Metric,
    private readonly words: string,
  ) {
    this.reads = [name];
  }

  add(outputs: Outputs, { labels }: ReadBatch): void {
    const output = own(outputs, this.name);
    const scores = output && asFloats(output);
    if (!output || !scores)
      throw new EngineError(
        'UnsupportedModel',
        `output ${this.name} is ${output?.type ?? 'no float'}, but metric ${this.words} needs floats: export the scores as the first output, or score by fidelity`,
      );
    this.metric.add(scores, labels, output.dims);
  }

  value(): number {
    return this.metric.value();
  }

  standardError(): number | undefined {
    return this.metric.standardError?.();
  }

  errors(): Errors | undefined {
    return this.metric.errors?.();
  }

  get state(): object {
    return this.metric.state;
  }

  set state(known: object) {
    this.metric.state = known;
  }
}
