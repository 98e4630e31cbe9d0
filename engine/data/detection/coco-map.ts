import { EngineError } from '../../errors';
import { averagePrecisions, bestFirst } from './average-precision';
import { byClass, type Detections, type LabelledBoxes } from './boxes';
import { matchBoxes } from './match-boxes';

/** Boxes of one class that count in an image: the best ones, as in COCO. */
const mostPerImage = 100;

/** Quality of a detector, in points. */
export interface DetectionQuality {
  /** Average precision, averaged over ten thresholds of overlap and all labelled classes. */
  readonly 'mAP50-95': number;
  /** The same at an overlap of 0.5 alone, and at 0.75. */
  readonly mAP50: number;
  readonly mAP75: number;
  /** By class number, for the classes that have labelled boxes. */
  readonly classes: readonly ClassQuality[];
}

/** Quality for one class, in points. */
export interface ClassQuality {
  readonly class: number;
  readonly 'AP50-95': number;
  readonly AP50: number;
  /** Labelled boxes, without crowds. */
  readonly labelled: number;
}

/** What is kept of the images added so far. */
interface State {
  /** Class, score and fate of each box found, in the order of images. */
  readonly classes: Int32Array;
  readonly scores: Float32Array;
  readonly fates: Uint32Array;
  /** Labelled boxes that count, by class. */
  readonly positives: ReadonlyMap<number, number>;
}

/** Mean average precision as COCO defines it, fed image by image: it keeps 12 bytes per box found. */
export class CocoMap {
  private parts: Omit<State, 'positives'>[] = [];
  private positives = new Map<number, number>();

  /** Adds an image. Boxes found beyond the 100 best of a class are ignored. */
  add(found: Detections, truth: LabelledBoxes): void {
    const labelled = byClass(truth.classes);
    for (const [kind, boxes] of labelled) {
      const counted = boxes.filter((at) => !truth.crowds[at]).length;
      if (counted) this.positives.set(kind, (this.positives.get(kind) ?? 0) + counted);
    }
    const best = bestFirst(found.scores);
    const ordered = byClass(Array.from(best, (at) => found.classes[at]));
    for (const [kind, places] of ordered) {
      const order = places.slice(0, mostPerImage).map((place) => best[place]);
      this.parts.push({
        classes: new Int32Array(order.length).fill(kind),
        scores: Float32Array.from(order, (at) => found.scores[at]),
        fates: matchBoxes(found, order, truth, labelled.get(kind) ?? []),
      });
    }
  }

  /**
   * Computes the quality over all images added.
   * @throws EngineError `InvalidData` if no image has a labelled box
   */
  quality(): DetectionQuality {
    if (!this.positives.size)
      throw new EngineError(
        'InvalidData',
        'metric coco-map needs labelled boxes, but no image has one: check that `labels` are those of these images',
      );
    const { classes, scores, fates } = this.state as State;
    const places = byClass(classes);
    const kinds = [...this.positives].sort(([a], [b]) => a - b);
    const found = kinds.map(([kind, labelled]) => {
      const own = places.get(kind) ?? [];
      const each = averagePrecisions(
        Float32Array.from(own, (at) => scores[at]),
        Uint32Array.from(own, (at) => fates[at]),
        labelled,
      );
      return { kind, labelled, each };
    });
    const points = (values: readonly number[]) => (100 * values.reduce((a, b) => a + b, 0)) / values.length;
    return {
      'mAP50-95': points(found.flatMap(({ each }) => each)),
      mAP50: points(found.map(({ each }) => each[0])),
      mAP75: points(found.map(({ each }) => each[5])),
      classes: found.map(({ kind, labelled, each }) => ({
        class: kind,
        'AP50-95': points(each),
        AP50: points([each[0]]),
        labelled,
      })),
    };
  }

  /** The images so far, a value that can be copied; setting it resumes from there. */
  get state(): object {
    const { parts } = this;
    const size = parts.reduce((sum, { scores }) => sum + scores.length, 0);
    const whole = {
      classes: new Int32Array(size),
      scores: new Float32Array(size),
      fates: new Uint32Array(size),
    };
    let at = 0;
    for (const part of parts) {
      whole.classes.set(part.classes, at);
      whole.scores.set(part.scores, at);
      whole.fates.set(part.fates, at);
      at += part.scores.length;
    }
    this.parts = [whole];
    return { ...whole, positives: new Map(this.positives) } satisfies State;
  }

  /** Sets the images to go on from. */
  set state(known: object) {
    const { positives, ...part } = known as State;
    this.parts = [part];
    this.positives = new Map(positives);
  }
}
