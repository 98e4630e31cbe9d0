import fc from 'fast-check';

import { areaOf, type Detections, sharedArea } from '../../../../engine/data/detection/boxes';
import { suppressed } from '../../../../engine/data/detection/suppress';
import { detections } from './goldens';

const box = fc
  .tuple(
    fc.integer({ min: 0, max: 2 }),
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 0, max: 12 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 9 }),
  )
  .map(([kind, score, x, y, w, h]) => [kind, score / 4, x, y, x + w, y + h]);
const rowsIn = ({ classes, scores, corners }: Detections) =>
  Array.from(classes, (kind, at) => [kind, scores[at], ...Array.from(corners).slice(4 * at, 4 * at + 4)]);
const overlap = (a: readonly number[], b: readonly number[]) => {
  const [own, other] = [a.slice(2), b.slice(2)];
  const both = sharedArea(own, 0, other, 0);
  return both / (areaOf(own, 0) + areaOf(other, 0) - both);
};

it('drops what overlaps a better box of its class, and nothing else', () => {
  fc.assert(
    fc.property(fc.array(box, { maxLength: 30 }), fc.constantFrom(0.1, 0.5, 0.9), (boxes, iou) => {
      const kept = rowsIn(suppressed(detections(boxes), { iou }));
      const rivals = (a: readonly number[], among: readonly (readonly number[])[]) =>
        among.filter((b) => b !== a && b[0] === a[0] && overlap(a, b) > iou);
      for (const one of kept) expect(rivals(one, kept)).toEqual([]);
      expect(kept.map(([, score]) => score)).toEqual(kept.map(([, score]) => score).sort((a, b) => b - a));
      const left = boxes.filter((one) => !kept.some((other) => other.join() === one.join()));
      for (const one of left) expect(rivals(one, kept).some(([, score]) => score >= one[1])).toBe(true);
    }),
  );
});

it('keeps the best boxes, the first of equals', () => {
  const boxes = [0.5, 0.25, 0.5, 0.75].map((score, at) => [0, score, 10 * at, 0, 10 * at + 5, 5]);
  const limited = (limits: object) => rowsIn(suppressed(detections(boxes), limits)).map(([, , x]) => x);
  expect(limited({ detections: 2 })).toEqual([30, 0]);
  expect(limited({ candidates: 3 })).toEqual([30, 0, 20]);
});
