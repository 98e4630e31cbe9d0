import { EngineError } from '../../errors';
import type { ReadBatch } from '../dataset';
import type { Details, Judge, Outputs } from '../judge';
import { CocoMap } from './coco-map';
import { detect, type DetectorSettings } from './decoders';
import { boxesOfRows, boxFields } from './labels/source-boxes';

/** Size of a model's input, in pixels. */
export interface InputFrame {
  readonly height: number;
  readonly width: number;
}

/** Judges a detector by COCO's mAP50-95, in points. */
export class DetectionJudge implements Judge {
  readonly reads: readonly string[];
  private readonly map = new CocoMap();
  private readonly settings: DetectorSettings;

  /** @param outputs names of the model's outputs, which are all read unless the settings name some */
  constructor(
    settings: DetectorSettings,
    outputs: readonly string[],
    private readonly frame: InputFrame,
  ) {
    this.reads = settings.outputs ?? outputs;
    this.settings = { ...settings, outputs: this.reads };
  }

  add(outputs: Outputs, { labels, size }: ReadBatch): void {
    const width = labels.length / size;
    if (!labels.length || width % boxFields)
      throw new EngineError(
        'InvalidData',
        `metric coco-map needs boxes as labels, [N, M, ${boxFields}], but a sample has ${width} numbers`,
      );
    const found = detect(outputs, this.settings, { ...this.frame, size });
    found.forEach((boxes, at) =>
      this.map.add(boxes, boxesOfRows(labels.subarray(at * width, (at + 1) * width))),
    );
  }

  value(): number {
    return this.map.quality()['mAP50-95'];
  }

  details(): Details {
    return { ...this.map.quality() };
  }

  get state(): object {
    return this.map.state;
  }

  set state(known: object) {
    this.map.state = known;
  }
}
