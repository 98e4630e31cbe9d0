import { detect, type DetectorSettings } from '../../../../engine/data/detection/decoders';
import type { Outputs } from '../../../../engine/data/detection/decoders/rule';
import { floats } from '../../../../engine/tensor/tensor';
import { goldens, rowsOf, sorted } from './goldens';

const { frame, decoders } = goldens;
const tensors = (outputs: (typeof decoders)[string]['outputs']): Outputs =>
  Object.fromEntries(Object.entries(outputs).map(([name, { dims, data }]) => [name, floats(dims, data)]));
/** Settings with which all boxes are kept. */
const keepAll = { iou: 1, maxDetections: 1e4 };

it.each(Object.entries(decoders))('%s: the boxes that NumPy reads', (_, { settings, outputs, found }) => {
  const read = detect(tensors(outputs), { ...settings, ...keepAll }, frame);
  read.forEach((boxes, image) => {
    const wanted = sorted(found[image]).flat();
    const own = rowsOf(boxes).flat();
    expect(own.length).toBe(wanted.length);
    own.forEach((value, at) => expect(value).toBeCloseTo(wanted[at], 4));
  });
});

it('takes the best class alone if a box has one', () => {
  const output = floats([1, 6, 1], [10, 10, 4, 4, 0.4, 0.7]);
  const settings = { decoder: 'yolov8', multiLabel: false } as const;
  expect(rowsOf(detect({ y: output }, settings, { ...frame, size: 1 })[0])).toEqual([
    [1, Math.fround(0.7), 8, 8, 12, 12],
  ]);
});

const small = { yolov8: floats([1, 7, 3]), odd: floats([1, 7]) };
it.each<[string, DetectorSettings, keyof typeof small, string]>([
  [
    'another number of classes',
    { decoder: 'yolov8', classes: 5 },
    'yolov8',
    "can't read y [1, 7, 3]: it needs one output [N, 4 + classes, anchors]",
  ],
  ['another rank', { decoder: 'yolov5' }, 'odd', "can't read y [1, 7]: it needs one output [N, anchors, 5"],
  [
    'an output that does not exist',
    { decoder: 'yolov8', outputs: ['boxes'] },
    'yolov8',
    "metric.outputs names boxes, but the model's outputs are y",
  ],
  [
    'another grid',
    { decoder: 'yolox', strides: [8] },
    'yolov8',
    'it needs 96 anchors at strides 8 of an input of 64x96 (metric.strides)',
  ],
  ['no anchors', { decoder: 'anchors' }, 'yolov8', 'metric.levels is missing'],
  ['outputs without a meaning', { decoder: 'boxes' }, 'odd', 'say what each is'],
])('refuses %s', (_, settings, output, message) => {
  const one = { ...frame, size: 1 };
  if (output === 'odd' && settings.decoder === 'boxes') {
    expect(() => detect({ y: small.odd, z: small.odd }, settings, one)).toThrow(message);
  } else expect(() => detect({ y: small[output] }, settings, one)).toThrow(message);
});

it('refuses NaN', () => {
  const output = floats([1, 5, 1], [10, 10, NaN, 4, 0.4]);
  expect(() => detect({ y: output }, { decoder: 'yolov8' }, { ...frame, size: 1 })).toThrow(
    'output y has NaN for the data',
  );
});
