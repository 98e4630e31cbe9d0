import { EngineError } from '../errors';

/** The metrics a model can be judged by; higher is better, in points. */
export const metricNames = ['top1', 'top5', 'pixel-accuracy', 'mean-iou'] as const;
export type MetricName = (typeof metricNames)[number];

/** A running metric: fed with batches of outputs, read at the end. */
export interface Metric {
  /**
   * `outputs` is row-major, of shape `dims`: [N, K] or [N, K, 1, …] by default, [N, K, …] for metrics that judge
   * pixels. `labels` has N entries, or one a pixel.
   * @throws EngineError `UnsupportedModel` when the outputs are of another shape or NaN; `InvalidData` when the
   * labels do not fit them.
   */
  add(outputs: Float32Array, labels: Int32Array, dims?: readonly number[]): void;
  /** In points, 0..100. */
  value(): number;
  /** What was added up so far, a value that can be copied; setting it goes on from there. */
  state: object;
}

const metrics: Record<MetricName, () => Metric> = {
  top1: () => new TopAccuracy('top1', 1),
  top5: () => new TopAccuracy('top5', 5),
  'pixel-accuracy': () => new PixelAccuracy(),
  'mean-iou': () => new MeanIou(),
};

/** A fresh metric of that name. */
export const metricOf = (name: MetricName): Metric => metrics[name]();

/** The share of samples whose label is among their `most` largest outputs; of equal outputs the first counts more. */
class TopAccuracy implements Metric {
  private hits = 0;
  private total = 0;

  constructor(
    private readonly name: MetricName,
    private readonly most: number,
  ) {}

  add(
    outputs: Float32Array,
    labels: Int32Array,
    dims = [labels.length, outputs.length / labels.length],
  ): void {
    const [samples, classes, ...rest] = dims;
    if (dims.length < 2 || rest.some((size) => size !== 1))
      throw wrongShape(this.name, dims, 'one score a class, [N, K]');
    checkBatch(this.name, outputs, labels, samples);
    for (let n = 0; n < samples; n++) {
      const own = outputs[n * classes + labels[n]];
      let before = 0;
      for (let k = 0; k < classes; k++) {
        const other = outputs[n * classes + k];
        if (other > own || (other === own && k < labels[n])) before++;
      }
      if (before < this.most && labels[n] >= 0 && labels[n] < classes) this.hits++;
    }
    this.total += samples;
  }

  value(): number {
    return (100 * this.hits) / this.total;
  }

  get state(): object {
    return { hits: this.hits, total: this.total };
  }

  set state(known: object) {
    Object.assign(this, known);
  }
}

/** Calls `judge` with each pixel's label and class of largest output; labels that are no class (255, −1) are left out. */
function eachPixel(
  name: MetricName,
  outputs: Float32Array,
  labels: Int32Array,
  dims: readonly number[] | undefined,
  judge: (label: number, found: number, classes: number) => void,
): void {
  const shape = dims ?? [];
  const [samples, classes, ...plane] = shape;
  if (!plane.length) throw wrongShape(name, shape, 'a score a class and pixel, [N, K, H, W]');
  const pixels = plane.reduce((size, axis) => size * axis, 1);
  checkBatch(name, outputs, labels, samples * pixels);
  for (let at = 0; at < labels.length; at++) {
    const first = Math.floor(at / pixels) * classes * pixels + (at % pixels);
    let best = 0;
    for (let k = 1; k < classes; k++)
      if (outputs[first + k * pixels] > outputs[first + best * pixels]) best = k;
    if (labels[at] >= 0 && labels[at] < classes) judge(labels[at], best, classes);
  }
}

/** The share of labelled pixels whose largest output is their label's. */
class PixelAccuracy implements Metric {
  private hits = 0;
  private total = 0;

  add(outputs: Float32Array, labels: Int32Array, dims?: readonly number[]): void {
    eachPixel('pixel-accuracy', outputs, labels, dims, (label, found) => {
      if (label === found) this.hits++;
      this.total++;
    });
  }

  value(): number {
    return (100 * this.hits) / this.total;
  }

  get state(): object {
    return { hits: this.hits, total: this.total };
  }

  set state(known: object) {
    Object.assign(this, known);
  }
}

/** Intersection over union of a class's labelled and found pixels, averaged over the classes that occur in either. */
class MeanIou implements Metric {
  private shared: number[] = [];
  private labelled: number[] = [];
  private found: number[] = [];

  add(outputs: Float32Array, labels: Int32Array, dims?: readonly number[]): void {
    eachPixel('mean-iou', outputs, labels, dims, (label, found) => {
      this.labelled[label] = (this.labelled[label] ?? 0) + 1;
      this.found[found] = (this.found[found] ?? 0) + 1;
      if (label === found) this.shared[label] = (this.shared[label] ?? 0) + 1;
    });
  }

  value(): number {
    let [sum, classes] = [0, 0];
    for (let k = 0; k < Math.max(this.labelled.length, this.found.length); k++) {
      const shared = this.shared[k] ?? 0;
      const union = (this.labelled[k] ?? 0) + (this.found[k] ?? 0) - shared;
      if (!union) continue;
      sum += shared / union;
      classes++;
    }
    return (100 * sum) / classes;
  }

  get state(): object {
    return { shared: this.shared, labelled: this.labelled, found: this.found };
  }

  set state(known: object) {
    Object.assign(this, known);
  }
}

const wrongShape = (name: MetricName, dims: readonly number[], wanted: string) =>
  new EngineError(
    'UnsupportedModel',
    `the model's first output is [${dims.join(', ')}]; metric ${name} reads ${wanted}: choose another metric, or score by fidelity`,
  );

function checkBatch(name: MetricName, outputs: Float32Array, labels: Int32Array, wanted: number): void {
  if (labels.length !== wanted) {
    throw new EngineError(
      'InvalidData',
      `metric ${name} needs ${wanted} labels for a batch, and got ${labels.length}: give labels of the outputs' size, or score by fidelity`,
    );
  }
  checkNumbers(outputs);
}

/** @throws EngineError `UnsupportedModel` when an output is NaN: no figure computed from it would mean anything. */
export function checkNumbers(outputs: Float32Array): void {
  for (let i = 0; i < outputs.length; i++) {
    if (Number.isNaN(outputs[i])) {
      throw new EngineError(
        'UnsupportedModel',
        'the model computes NaN from the data: check its weights, and that `normalize` is what it was trained with',
      );
    }
  }
}
