import type { Labels } from './dataset';
import type { Metric } from './metric-rule';
import { checkClasses, checkOutputs, wrongShape } from './metric-checks';
import { RatioError } from './ratio-error';

/** Share of judged answers that match their label, in points. */
abstract class HitRate implements Metric {
  /** Right answers and judged ones, sample by sample. */
  protected readonly hits = new RatioError();

  abstract add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void;

  value(): number {
    return 100 * this.hits.ratio;
  }

  standardError(): number | undefined {
    return this.hits.points;
  }

  get state(): object {
    return this.hits.state;
  }

  set state(known: object) {
    this.hits.state = known;
  }
}

/** Share of samples whose label is among their `most` largest outputs; of equal outputs the first ranks higher. */
export class TopAccuracy extends HitRate {
  constructor(
    private readonly name: string,
    private readonly most: number,
  ) {
    super();
  }

  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void {
    const [samples, classes, ...rest] = dims;
    if (dims.length < 2 || rest.some((size) => size !== 1))
      throw wrongShape(this.name, dims, 'one score per class, [N, K]');
    checkClasses(this.name, labels, samples);
    checkOutputs(outputs);
    for (let n = 0; n < samples; n++) {
      const own = outputs[n * classes + labels[n]];
      let before = 0;
      for (let k = 0; k < classes; k++) {
        const other = outputs[n * classes + k];
        if (other > own || (other === own && k < labels[n])) before++;
      }
      this.hits.add(Number(before < this.most && labels[n] >= 0 && labels[n] < classes), 1);
    }
  }
}

/** Calls `judge` with each pixel's label and highest-scoring class; labels that are not a class (255, −1) are skipped. */
function eachPixel(
  name: string,
  outputs: Float32Array,
  labels: Labels,
  dims: readonly number[],
  judge: (label: number, found: number, sample: number) => void,
): void {
  const [samples, classes, ...plane] = dims;
  if (!plane.length) throw wrongShape(name, dims, 'one score per class and pixel, [N, K, H, W]');
  const pixels = plane.reduce((size, axis) => size * axis, 1);
  checkClasses(name, labels, samples * pixels);
  checkOutputs(outputs);
  for (let at = 0; at < labels.length; at++) {
    const sample = Math.floor(at / pixels);
    const first = sample * classes * pixels + (at % pixels);
    let best = 0;
    for (let k = 1; k < classes; k++)
      if (outputs[first + k * pixels] > outputs[first + best * pixels]) best = k;
    if (labels[at] >= 0 && labels[at] < classes) judge(labels[at], best, sample);
  }
}

/** Share of labelled pixels whose largest output is their label's. */
export class PixelAccuracy extends HitRate {
  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void {
    const [hits, judged] = [new Uint32Array(dims[0]), new Uint32Array(dims[0])];
    eachPixel('pixel-accuracy', outputs, labels, dims, (label, found, sample) => {
      if (label === found) hits[sample]++;
      judged[sample]++;
    });
    hits.forEach((right, sample) => this.hits.add(right, judged[sample]));
  }
}

/** Intersection over union of a class's labelled and predicted pixels, averaged over the classes that occur in either. */
export class MeanIou implements Metric {
  private shared: number[] = [];
  private labelled: number[] = [];
  private found: number[] = [];

  add(outputs: Float32Array, labels: Labels, dims: readonly number[]): void {
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
