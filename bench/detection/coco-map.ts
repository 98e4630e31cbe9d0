/**
 * Times non-maximum suppression and mAP over as many images as COCO's validation set has:
 *
 *     npm run bench:detection -- [--images 5000] [--boxes 300]
 *
 * Boxes are random: 7 labelled ones of 80 classes an image, and found ones near and far from them. Prints seconds.
 */
import { parseArgs } from 'node:util';

import { CocoMap } from '../../engine/data/detection/coco-map';
import { suppressed } from '../../engine/data/detection/suppress';
import { Random } from '../../engine/data/random';

const { values: options } = parseArgs({
  options: { images: { type: 'string', default: '5000' }, boxes: { type: 'string', default: '300' } },
});
const [images, boxes] = [Number(options.images), Number(options.boxes)];
const [labelled, classes, candidates] = [7, 80, 4];

const random = new Random(1);
const map = new CocoMap();
const seconds = { suppression: 0, matching: 0, precision: 0 };

/** Adds the seconds that some work takes to a row. */
function timed<T>(row: keyof typeof seconds, work: () => T): T {
  const start = performance.now();
  const result = work();
  seconds[row] += (performance.now() - start) / 1000;
  return result;
}

for (let image = 0; image < images; image++) {
  const corners: number[] = [];
  const kinds: number[] = [];
  for (let at = 0; at < labelled; at++) {
    const [x, y] = [640 * random.next(), 640 * random.next()];
    corners.push(x, y, x + 20 + 200 * random.next(), y + 20 + 200 * random.next());
    kinds.push(random.below(classes));
  }
  const near = Array.from({ length: candidates * boxes }, () => random.below(labelled));
  const found = {
    corners: near.flatMap((at) =>
      corners.slice(4 * at, 4 * at + 4).map((value) => value + 20 * random.normal()),
    ),
    classes: near.map((at) => (random.next() < 0.5 ? kinds[at] : random.below(classes))),
    scores: near.map(() => random.next()),
  };
  const kept = timed('suppression', () => suppressed(found, { iou: 0.65, detections: boxes }));
  timed('matching', () => map.add(kept, { corners, classes: kinds, crowds: kinds.map(() => 0) }));
}
const quality = timed('precision', () => map.quality());
console.log(`${images} images, ${candidates * boxes} candidates and at most ${boxes} boxes in each`);
for (const [row, taken] of Object.entries(seconds)) console.log(`${row}: ${taken.toFixed(2)} s`);
console.log(`mAP50-95: ${quality['mAP50-95'].toFixed(3)}`);
