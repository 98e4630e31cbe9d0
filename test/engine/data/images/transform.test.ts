import type { Pixels } from '../../../../engine/data/images/resample';
import { placementOf, type Transform, transformed } from '../../../../engine/data/images/transform';

/** Two rows of three pixels, of three channels: 10, 11, 12, 20, 21, 22, … */
const image: Pixels = {
  width: 3,
  height: 2,
  channels: 3,
  data: Uint8Array.from({ length: 18 }, (_, at) => 10 * (Math.floor(at / 3) + 1) + (at % 3)),
};
const made = (transform: Transform) => {
  const { data, shape } = transformed('x', image, transform);
  return { data: [...data], shape };
};

it('without resizing, pixels stay: channels first, or last, or from blue to red', () => {
  expect(made({})).toEqual({
    data: [10, 20, 30, 40, 50, 60, 11, 21, 31, 41, 51, 61, 12, 22, 32, 42, 52, 62],
    shape: [3, 2, 3],
  });
  expect(made({ channelsLast: true })).toEqual({ data: [...image.data], shape: [2, 3, 3] });
  expect(made({ channels: 'bgr', channelsLast: true, crop: [1, 1] })).toEqual({
    data: [22, 21, 20],
    shape: [1, 1, 3],
  });
});

it('a letterbox fits the image into its size and fills the rest, above and below or left and right', () => {
  expect(placementOf(1280, 720, { letterbox: 640 })).toMatchObject({
    wide: 640,
    high: 360,
    left: 0,
    top: -140,
  });
  expect(placementOf(500, 375, { letterbox: [320, 640] })).toMatchObject({
    wide: 427,
    high: 320,
    left: -106,
    top: 0,
  });
  const { data, shape } = made({ letterbox: { size: 3, fill: 7 } });
  expect(shape).toEqual([3, 3, 3]);
  // An odd rest is below, as for YOLO.
  expect(data.slice(0, 9)).toEqual([10, 20, 30, 40, 50, 60, 7, 7, 7]);
  const wide = made({ letterbox: [2, 5] }).data.slice(0, 10);
  expect(wide).toEqual([114, 10, 20, 30, 114, 114, 40, 50, 60, 114]);
});

it('resizing to a height and a width does not keep the proportions', () =>
  expect(placementOf(100, 50, { resize: [20, 30] })).toMatchObject({
    wide: 30,
    high: 20,
    width: 30,
    height: 20,
  }));
