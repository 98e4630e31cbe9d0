import type { Detections } from '../boxes';
import { suppressed, type Suppression } from '../suppress';
import { anchors, type DeltaSettings } from './anchors';
import { detr, type QuerySettings } from './detr';
import { finished, type FinishedSettings } from './finished';
import { type Common, type Decode, type Frame, type Outputs, outputsFor } from './rule';
import { type AnchorSettings, yolov5 } from './yolov5';
import { yolov8 } from './yolov8';
import { type GridSettings, yolox } from './yolox';

/** Settings of each decoder by its name. */
export interface SettingsOf {
  readonly yolov8: Common;
  readonly yolov5: AnchorSettings;
  readonly yolox: GridSettings;
  readonly anchors: DeltaSettings;
  readonly detr: QuerySettings;
  readonly boxes: FinishedSettings;
}
/** Name of a decoder. */
export type DecoderName = keyof SettingsOf;

/** A decoder with its settings, and the limits on what it finds. */
export type DetectorSettings = {
  [Name in DecoderName]: { readonly decoder: Name } & SettingsOf[Name] & {
      /**
       * Overlap with a better box of the same class above which a box is dropped; 0.65 by default, and not at all if
       * the model suppresses by itself (`boxes`, `detr`).
       */
      readonly iou?: number;
      /** Boxes of an image that are kept, the best ones; 300 by default. */
      readonly maxDetections?: number;
    };
}[DecoderName];

const decoders: {
  readonly [Name in DecoderName]: { readonly decode: Decode<SettingsOf[Name]>; readonly suppresses: boolean };
} = {
  yolov8: { decode: yolov8, suppresses: true },
  yolov5: { decode: yolov5, suppresses: true },
  yolox: { decode: yolox, suppresses: true },
  anchors: { decode: anchors, suppresses: true },
  detr: { decode: detr, suppresses: false },
  boxes: { decode: finished, suppresses: false },
};

/** Overlap above which the worse of two boxes is dropped, if it is left open. */
const usualIou = 0.65;

/**
 * Reads the boxes of each image of a batch from a model's outputs.
 * @throws EngineError `UnsupportedModel` if the outputs have other shapes than the decoder reads, or are NaN;
 * `InvalidSettings` if a setting is missing
 */
export function detect(outputs: Outputs, settings: DetectorSettings, frame: Frame): Detections[] {
  const { decode, suppresses } = decoders[settings.decoder];
  const { iou = suppresses ? usualIou : undefined, maxDetections: detections } = settings;
  const limits: Suppression = { iou, detections };
  const found = decode(outputsFor(outputs, settings), settings, frame);
  return found.map((boxes) => suppressed(boxes, limits));
}
