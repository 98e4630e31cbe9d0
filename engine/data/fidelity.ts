import { EngineError } from '../errors';
import { asFloats } from '../tensor/as-floats';
import type { Tensor } from '../tensor/tensor';

/** Closeness of a compressed model's outputs to the original's; needs no labels. */
export interface FidelityValue {
  /**
   * ‖compressed − original‖² / ‖original‖² over all samples, averaged over the outputs: 0 if equal, 1 if as far off as
   * zeros.
   */
  readonly relativeError: number;
  /**
   * Kullback-Leibler divergence of the compressed outputs' softmax over axis 1 from the original's, in nats per row (a
   * sample, or a pixel), averaged over the outputs that have classes to compare; 0 if none has.
   */
  readonly divergence: number;
  /** 100 · (1 − relativeError), or 0 if the error is larger than the outputs: a score, like a metric. */
  readonly points: number;
}

type Outputs = Readonly<Record<string, Tensor>>;

/** A running fidelity: fed with batches of both models' outputs, read at the end. Scores and reports share it. */
export class Fidelity {
  private readonly found = new Map<string, OutputFidelity>();

  /**
   * Adds a batch's outputs by name; those that are not floats are skipped.
   * @throws EngineError `UnsupportedModel` if they are NaN, or of different shapes
   */
  add(original: Outputs, compressed: Outputs): void {
    for (const [name, tensor] of Object.entries(original)) {
      const own = asFloats(tensor);
      const other = compressed[name] && asFloats(compressed[name]);
      if (!own) continue;
      if (!other || other.length !== own.length) {
        const shape = compressed[name] ? `[${compressed[name].dims.join(', ')}]` : 'missing';
        throw new EngineError(
          'UnsupportedModel',
          `output ${name} is [${tensor.dims.join(', ')}] in the original but ${shape} in the compressed model`,
        );
      }
      let row = this.found.get(name);
      if (!row) this.found.set(name, (row = new OutputFidelity(name)));
      row.add(own, other, tensor.dims);
    }
  }

  /** @throws EngineError `UnsupportedModel` if the models have no float output */
  value(): FidelityValue {
    const rows = [...this.found.values()];
    if (!rows.length) {
      throw new EngineError(
        'UnsupportedModel',
        'the model has no float output to compare: score by a metric instead',
      );
    }
    const relativeError = mean(rows.map((row) => row.relativeError()));
    const divergence = mean(rows.flatMap((row) => row.divergence() ?? []));
    return { relativeError, divergence, points: 100 * (1 - Math.min(1, relativeError)) };
  }

  /**
   * Returns the standard error of the points over samples like these; undefined if the model has several float outputs,
   * whose errors are not independent.
   */
  standardError(): number | undefined {
    const rows = [...this.found.values()];
    return rows.length === 1 ? rows[0].standardError() : undefined;
  }

  /** The sums so far, a value that can be copied; setting it resumes from there. */
  get state(): object {
    return Object.fromEntries([...this.found].map(([name, row]) => [name, { ...row }]));
  }

  set state(known: object) {
    for (const [name, sums] of Object.entries(known))
      this.found.set(name, Object.assign(new OutputFidelity(name), sums as object));
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / (values.length || 1);

/** Sums of one output. */
class OutputFidelity {
  private distance = 0;
  private energy = 0;
  private nats = 0;
  private rows = 0;
  /** Sums of squares and products of what single samples add to distance and energy. */
  private dd = 0;
  private de = 0;
  private ee = 0;

  constructor(private readonly name: string) {}

  add(original: Float32Array, compressed: Float32Array, dims: readonly number[]): void {
    const width = original.length / Math.max(1, dims[0] ?? 1);
    for (let first = 0; first < original.length; first += width) {
      const [distance, energy] = [this.distance, this.energy];
      for (let i = first; i < first + width; i++) {
        this.distance += (compressed[i] - original[i]) ** 2;
        this.energy += original[i] ** 2;
      }
      const [d, e] = [this.distance - distance, this.energy - energy];
      this.dd += d * d;
      this.de += d * e;
      this.ee += e * e;
    }
    if (Number.isNaN(this.energy) || Number.isNaN(this.distance)) {
      const whose = Number.isNaN(this.energy) ? 'original' : 'compressed';
      throw new EngineError(
        'UnsupportedModel',
        `the ${whose} model computes NaN or infinities in output ${this.name}: check its weights, and that \`normalize\` matches its training`,
      );
    }
    const [samples = 1, classes = 1, ...plane] = dims;
    if (classes < 2) return;
    const stride = plane.reduce((size, axis) => size * axis, 1);
    for (let row = 0; row < samples * stride; row++) {
      const first = Math.floor(row / stride) * classes * stride + (row % stride);
      this.nats += divergenceOf(original, compressed, first, stride, classes);
    }
    this.rows += samples * stride;
  }

  relativeError(): number {
    if (this.energy) return this.distance / this.energy;
    return this.distance ? 1 : 0; // an output that is all zeros has no scale of its own
  }

  /** Standard error of the points, as of a ratio of sums (see `RatioError`). */
  standardError(): number | undefined {
    if (!this.energy) return undefined;
    const ratio = this.relativeError();
    return (
      (100 * Math.sqrt(Math.max(0, this.dd - 2 * ratio * this.de + ratio * ratio * this.ee))) / this.energy
    );
  }

  divergence(): number | undefined {
    return this.rows ? this.nats / this.rows : undefined;
  }
}

/** Computes KL(softmax(p) ‖ softmax(q)) of `classes` logits from `first` in steps of `stride`. */
function divergenceOf(
  p: Float32Array,
  q: Float32Array,
  first: number,
  stride: number,
  classes: number,
): number {
  const [own, other] = [logSum(p, first, stride, classes), logSum(q, first, stride, classes)];
  let sum = 0;
  for (let at = first; at < first + classes * stride; at += stride) {
    const logP = p[at] - own;
    const probability = Math.exp(logP);
    if (probability) sum += probability * (logP - (q[at] - other));
  }
  return Math.max(0, sum); // below zero only by rounding
}

function logSum(logits: Float32Array, first: number, stride: number, classes: number): number {
  const end = first + classes * stride;
  let largest = -Infinity;
  for (let at = first; at < end; at += stride) largest = Math.max(largest, logits[at]);
  let sum = 0;
  for (let at = first; at < end; at += stride) sum += Math.exp(logits[at] - largest);
  return largest + Math.log(sum);
}
