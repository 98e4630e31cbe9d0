import { create } from '@bufbuild/protobuf';

import { declare } from '../../../../engine/onnx/extract';
import { OperatorSetIdProtoSchema } from '../../../../engine/onnx/proto/onnx_pb';
import { Session } from '../../../../engine/runtime/session';
import { floats, sizeOf } from '../../../../engine/tensor/tensor';
import {
  channelsFirst,
  type Convolution,
  type WeightForm,
  weightForm,
  weightGradient,
} from '../../../../engine/training/gradients/conv-weight';
import { Builder } from '../../../../engine/training/emit/builder';
import { distance, floatsOf } from '../support';

/** A convolution of stride 1 whose output is as large as its input. */
const convolution = (C: number, K: number, kernel: [number, number], plane: [number, number], groups = 1) => {
  const pads = [(kernel[0] - 1) / 2, (kernel[1] - 1) / 2] as const;
  const still = [1, 1] as const;
  const size = { input: plane, output: plane, begin: pads, end: pads };
  return { ...size, K, C, kernel, groups, strides: still, dilations: still } satisfies Convolution;
};

async function computed(conv: Convolution, form: WeightForm): Promise<Float32Array> {
  const builder = new Builder(18);
  const rows = channelsFirst(form) ? builder.transpose('dy', [1, 0, 2, 3]) : undefined;
  const gradient = weightGradient(builder, conv, form, { x: 'x', dy: 'dy', rows });
  builder.op('Identity', [gradient], {}, 'dw');
  const tensors = { x: [3, conv.C, ...conv.input], dy: [3, conv.K, ...conv.output] };
  const numbers = (dims: readonly number[]) =>
    floats(
      dims,
      Array.from({ length: sizeOf(dims) }, (_, at) => Math.sin(at * at + dims[1])),
    );
  const session = await Session.open(
    builder.build({
      irVersion: 8n,
      opsets: [create(OperatorSetIdProtoSchema, { version: 18n })],
      inputs: Object.entries(tensors).map(([name, dims]) => declare(name, dims)),
      outputs: [declare('dw', [conv.K, conv.C, ...conv.kernel])],
    }),
    { threads: 1 },
  );
  const { dw } = await session.run({ x: numbers(tensors.x), dy: numbers(tensors.dy) });
  await session.close();
  return floatsOf(dw);
}

describe('weightGradient', () => {
  test.each([
    ['few channels in, which make all moves', 2, 9, 'shifts'],
    ['few channels out, which make all moves', 9, 2, 'shifts'],
    ['both move', 5, 6, 'shifts'],
  ] as const)('3x3, %s: equals im2col', async (_, C, K, form) => {
    const conv = convolution(C, K, [3, 3], [6, 5]);
    const apart = distance(await computed(conv, form), await computed(conv, 'offsets'));
    expect(apart).toBeLessThan(1e-5);
  });

  test.each([
    [5, 7],
    [7, 5],
  ])('1x1, %i to %i channels: a product an image equals one of all', async (C, K) => {
    const conv = convolution(C, K, [1, 1], [6, 5]);
    const apart = distance(await computed(conv, 'pointwise'), await computed(conv, 'shifts'));
    expect(apart).toBeLessThan(1e-5);
  });
});

describe('weightForm', () => {
  const blocked = new Builder(18, undefined, true);

  test('products of images are for planes that are large beside the weight', () => {
    expect(weightForm(blocked, convolution(32, 64, [1, 1], [32, 32]))).toBe('pointwise');
    expect(weightForm(blocked, convolution(128, 256, [1, 1], [8, 8]))).toBe('shifts');
    expect(weightForm(blocked, convolution(32, 64, [3, 3], [32, 32]))).toBe('shifts');
  });

  test('what is depthwise is a convolution in blocks', () => {
    expect(weightForm(blocked, convolution(32, 32, [3, 3], [16, 16], 32))).toBe('depthwise');
    expect(weightForm(blocked, convolution(32, 32, [3, 3], [16, 16], 4))).toBe('shifts');
  });

  test('strides take im2col', () => {
    const strided = { ...convolution(32, 32, [3, 3], [16, 16]), strides: [2, 2], output: [8, 8] } as const;
    expect(weightForm(blocked, strided)).toBe('offsets');
  });

  test('other layouts keep one product', () => {
    const plain = new Builder(18);
    expect(weightForm(plain, convolution(32, 64, [1, 1], [32, 32]))).toBe('shifts');
    expect(weightForm(plain, convolution(32, 32, [3, 3], [16, 16], 32))).toBe('shifts');
  });
});
