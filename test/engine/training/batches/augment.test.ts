import fc from 'fast-check';

import type { Batch } from '../../../../engine/data/dataset';
import {
  augmented,
  type Augmentation,
  checkAugmentation,
  checkVariedNumbers,
} from '../../../../engine/training/batches/augment';

const shape = [2, 5, 6];
const size = 2 * 5 * 6;

/** Images whose pixels all differ from each other and from zero, and the pixels' numbers as labels. */
function numbered(images: number): Batch {
  return {
    images: Float32Array.from({ length: images * size }, (_, at) => at + 1),
    labels: Int32Array.from({ length: images * 30 }, (_, at) => at % 30),
    size: images,
  };
}
const rows = Uint32Array.from({ length: 40 }, (_, at) => at);
const pixels = { labelShape: [5, 6], ignoreLabel: 255 };
const vary = (augmentation: Augmentation, { seed = 1, epoch = 0 } = {}) =>
  augmented(numbered(40), augmentation, { shape, rows, seed, epoch }, pixels);

/** Pixel [c, y, x] of image `at` as numbered. */
const pixel = (at: number, c: number, y: number, x: number) => at * size + c * 30 + y * 6 + x + 1;
const image = ({ images }: Batch, at: number) => [...images.subarray(at * size, (at + 1) * size)];

describe('augmented', () => {
  test('an image varies by itself, seed, epoch and row alone', () => {
    const all = { flip: true, crop: 2, brightness: 0.2, contrast: 0.2, cutout: 2 };
    const whole = vary(all);
    expect(vary(all)).toEqual(whole);
    expect(vary(all, { seed: 2 })).not.toEqual(whole);
    expect(vary(all, { epoch: 1 })).not.toEqual(whole);
    const { images, labels } = numbered(40);
    const seventh = { images: images.slice(7 * size, 8 * size), labels: labels.slice(0, 30), size: 1 };
    const alone = augmented(seventh, all, { shape, rows: rows.subarray(7, 8), seed: 1, epoch: 0 }, pixels);
    expect(image(alone, 0)).toEqual(image(whole, 7));
  });

  test('flip mirrors some images, their labels with them, and leaves the others', () => {
    const flipped = vary({ flip: true });
    const own = numbered(40);
    const mirrored = (values: number[]) => values.map((_, at) => values[at - (at % 6) + 5 - (at % 6)]);
    const kinds = Array.from({ length: 40 }, (_, at) => {
      const same = image(flipped, at)[0] === image(own, at)[0];
      expect(image(flipped, at)).toEqual(same ? image(own, at) : mirrored(image(own, at)));
      const labels = [...own.labels.subarray(0, 30)];
      expect([...flipped.labels.subarray(at * 30, at * 30 + 30)]).toEqual(same ? labels : mirrored(labels));
      return same;
    });
    expect(new Set(kinds)).toEqual(new Set([true, false]));
  });

  test.each(['zero', 'reflect'] as const)('crop moves an image, and pads by %s', (fill) => {
    const moved = vary({ crop: 2, fill });
    const seen = new Set<string>();
    const padded = (at: number, c: number, y: number, x: number) => {
      const inside = y >= 0 && y < 5 && x >= 0 && x < 6;
      if (!inside && fill === 'zero') return 0;
      const mirror = (to: number, length: number) =>
        to < 0 ? -to : to < length ? to : 2 * (length - 1) - to;
      return pixel(at, c, mirror(y, 5), mirror(x, 6));
    };
    for (let at = 0; at < 40; at++) {
      const shifts = [-2, -1, 0, 1, 2].flatMap((dy) => [-2, -1, 0, 1, 2].map((dx) => [dy, dx] as const));
      const found = shifts.filter(([dy, dx]) =>
        image(moved, at).every(
          (value, i) => value === padded(at, Math.floor(i / 30), Math.floor((i % 30) / 6) + dy, (i % 6) + dx),
        ),
      );
      expect(found).toHaveLength(1);
      seen.add(String(found[0]));
      const labels = moved.labels.subarray(at * 30, at * 30 + 30);
      const plane = image(moved, at).slice(0, 30);
      expect([...labels]).toEqual(plane.map((value) => (value ? (value - 1) % size : 255)));
    }
    expect(seen.size).toBeGreaterThan(10);
  });

  test.each([[[]], [[30]]])('labels of shape %j are of whole images, and stay', (labelShape) => {
    const batch = numbered(40); // as many classes as pixels
    const how = { shape, rows, seed: 1, epoch: 0 };
    expect(augmented(batch, { crop: 1, flip: true }, how, { labelShape }).labels).toBe(batch.labels);
  });

  test('brightness adds a number to all of an image, contrast scales about its mean', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1000 }), (seed) => {
        const own = image(numbered(40), 3);
        const mean = own.reduce((a, b) => a + b, 0) / size;
        const lift = image(vary({ brightness: 0.5 }, { seed }), 3).map((value, at) => value - own[at]);
        expect(Math.max(...lift) - Math.min(...lift)).toBeLessThan(1e-3);
        expect(Math.abs(lift[0])).toBeLessThan(0.501);
        const stretch = image(vary({ contrast: 0.5 }, { seed }), 3).map(
          (value, at) => (value - mean) / (own[at] - mean),
        );
        expect(Math.max(...stretch) - Math.min(...stretch)).toBeLessThan(1e-2);
        expect(stretch.every((factor) => factor > 0.49 && factor < 1.51)).toBe(true);
      }),
    );
  });

  test('cutout zeroes a square, the same of every channel', () => {
    const cut = vary({ cutout: 3 });
    for (let at = 0; at < 40; at++) {
      const zeros = image(cut, at).flatMap((value, i) => (value === 0 ? [i] : []));
      const plane = zeros.filter((i) => i < 30);
      expect(zeros).toEqual([...plane, ...plane.map((i) => i + 30)]);
      const sides = [plane.map((i) => Math.floor(i / 6)), plane.map((i) => i % 6)].map(
        (along) => new Set(along).size,
      );
      expect(plane).toHaveLength(sides[0] * sides[1]);
      expect(sides.every((side) => side >= 1 && side <= 3)).toBe(true);
    }
  });
});

test.each<[Augmentation, number[], RegExp]>([
  [{ crop: 0 }, shape, /augmentation crop is 0; it must be a whole number of pixels/],
  [{ brightness: NaN }, shape, /brightness is NaN; it must be a positive number/],
  [{ contrast: 2 }, shape, /contrast is 2; it must be above 0 and at most 1/],
  [{ crop: 5, fill: 'reflect' }, shape, /crop is 5; mirrored padding must be smaller than the images, 5x6/],
  [{ flip: true }, [12], /needs images of shape \[C, H, W\], but these are \[12\]/],
  [{ flip: true }, [32, 32, 3], /\[32, 32, 3\] seem to have their channels last/],
])('augmentation %j of images %j is refused', (augmentation, of, message) => {
  expect(() => checkAugmentation(augmentation, of)).toThrow(message);
});

test('maps of numbers move with the pixels, each of them', () => {
  const { images } = numbered(40);
  const batch = { images, labels: images.slice(), size: 40 };
  const how = { shape, rows: Uint32Array.from({ length: 40 }, (_, at) => at), seed: 3, epoch: 1 };
  const moved = augmented(batch, { flip: true, crop: 2, fill: 'reflect' }, how, { labelShape: shape });
  expect(moved.labels).toEqual(moved.images);
  expect(moved.labels).not.toEqual(batch.labels);
  expect(batch.labels).toEqual(batch.images);
});

test.each<[Augmentation, number[], boolean]>([
  [{ flip: true }, [4], false],
  [{ crop: 1, fill: 'reflect' }, [3, 2], false],
  [{ flip: true }, [2, 3, 3], false],
  [{ flip: true }, [], false],
  [{ flip: true }, [5, 6], true],
  [{ crop: 1, fill: 'reflect' }, [3, 5, 6], true],
  [{ brightness: 1, contrast: 0.5, cutout: 2 }, [4], true],
  [{ flip: true, crop: 1, fixedLabels: true }, [4], true],
])('augmentation %j of numbers of shape %j stays true: %s', (augmentation, labelShape, isTrue) => {
  const check = () => checkVariedNumbers(augmentation, shape, { labelShape }, 'labels.npy');
  if (isTrue) expect(check).not.toThrow();
  else
    expect(check).toThrow(/moves what an image shows, but not the labels of labels\.npy .* set fixedLabels/);
});

test('padding without a label of its own is refused where labels are one a pixel', () => {
  const [labelShape, crop] = [[5, 6], 1];
  expect(() => checkAugmentation({ crop }, shape, { labelShape })).toThrow(
    /set ignoreLabel.*or set fill: reflect/,
  );
  for (const [augmentation, labels] of [
    [{ crop }, pixels],
    [{ crop, fill: 'reflect' }, { labelShape }],
    [{ flip: true }, { labelShape }],
    [{ crop }, { labelShape: [30] }],
  ] as const)
    expect(() => checkAugmentation(augmentation, shape, labels)).not.toThrow();
});
