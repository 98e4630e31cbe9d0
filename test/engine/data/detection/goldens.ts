import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import type { Detections, LabelledBoxes } from '../../../../engine/data/detection/boxes';
import type { DetectorSettings } from '../../../../engine/data/detection/decoders';
import type { Frame } from '../../../../engine/data/detection/decoders/rule';
import { root } from '../../../support/paths';

type Numbers = readonly number[];

/** What make_detection.py has written. */
interface Goldens {
  readonly maps: Record<
    string,
    {
      /** Class, corners and crowd of each box, by image. */
      readonly labels: readonly (readonly Numbers[])[];
      /** Class, score and corners. */
      readonly found: readonly (readonly Numbers[])[];
      readonly 'mAP50-95': number;
      readonly mAP50: number;
      readonly mAP75: number;
      readonly classes: Readonly<Record<string, Numbers>>;
    }
  >;
  readonly frame: Frame;
  readonly decoders: Record<
    string,
    {
      readonly settings: DetectorSettings;
      readonly outputs: Readonly<Record<string, { readonly dims: Numbers; readonly data: Numbers }>>;
      /** Class, score and corners of each box, by image. */
      readonly found: readonly (readonly Numbers[])[];
    }
  >;
}

export const goldens = JSON.parse(
  gunzipSync(readFileSync(join(root, 'test', 'golden', 'engine', 'detection.json.gz'))).toString(),
) as Goldens;

export const labelledBoxes = (rows: readonly Numbers[]): LabelledBoxes => ({
  classes: rows.map(([kind]) => kind),
  corners: rows.flatMap((row) => row.slice(1, 5)),
  crowds: rows.map(([, , , , , crowd]) => crowd),
});

export const detections = (rows: readonly Numbers[]): Detections => ({
  classes: rows.map(([kind]) => kind),
  scores: rows.map(([, score]) => score),
  corners: rows.flatMap((row) => row.slice(2)),
});

/** Class, score and corners of each box, in an order of their own. */
export const rowsOf = ({ classes, scores, corners }: Detections): Numbers[] =>
  sorted(
    Array.from(classes, (kind, at) => [kind, scores[at], ...Array.from(corners).slice(4 * at, 4 * at + 4)]),
  );

export const sorted = (rows: readonly Numbers[]): Numbers[] =>
  [...rows].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]);
