/**
 * Times the forms that a convolution's gradients can take, each in a separate graph, in turns in one process:
 *
 *     npm run bench:forms -- [--threads 1] [--rounds 21]
 *
 * for layers of a VGG-like network, ResNet-20, MobileNets and a U-Net. Prints the shortest and the median time of each
 * form in ms, the median of its ratios to the form that `weightForm`, or the lowering, chooses, and how many layers
 * another form is faster for by more than a tenth. Values come in and go out in the plain layout.
 */
import { create } from '@bufbuild/protobuf';
import { parseArgs } from 'node:util';

import { declare } from '../../engine/onnx/extract';
import { OperatorSetIdProtoSchema } from '../../engine/onnx/proto/onnx_pb';
import { Session } from '../../engine/runtime/session';
import { floats, sizeOf, type Tensor } from '../../engine/tensor/tensor';
import {
  channelsFirst,
  type Convolution,
  type WeightForm,
  weightForm,
  weightGradient,
} from '../../engine/training/gradients/conv-weight';
import { lowerToBlocks } from '../../engine/training/lowering/blocked';
import { blockFor } from '../../engine/training/lowering/probe';
import { Builder } from '../../engine/training/emit/builder';
import { median } from './rounds';

/** Batch, channels in and out, side of the input's plane, kernel, stride, groups. */
type Layer = readonly [
  N: number,
  C: number,
  K: number,
  side: number,
  kernel: number,
  stride: number,
  groups?: number,
];

const layers: readonly Layer[] = [
  ...(
    [
      [3, 32, 32],
      [32, 32, 32],
      [32, 64, 16],
      [64, 64, 16],
      [64, 128, 8],
      [128, 128, 8],
    ] as const
  ).map(([C, K, side]): Layer => [64, C, K, side, 3, 1]),
  ...(
    [
      [1, 16, 28],
      [16, 16, 28],
      [32, 32, 14],
      [64, 64, 7],
    ] as const
  ).map(([C, K, side]): Layer => [64, C, K, side, 3, 1]),
  ...(
    [
      [16, 32, 28],
      [32, 64, 14],
    ] as const
  ).map(([C, K, side]): Layer => [64, C, K, side, 3, 2]),
  ...(
    [
      [32, 64, 32],
      [64, 128, 16],
      [128, 128, 16],
      [128, 256, 8],
      [256, 256, 8],
    ] as const
  ).map(([C, K, side]): Layer => [64, C, K, side, 1, 1]),
  ...(
    [
      [16, 96, 48],
      [96, 24, 24],
      [144, 32, 12],
      [192, 64, 6],
      [576, 96, 6],
    ] as const
  ).map(([C, K, side]): Layer => [32, C, K, side, 1, 1]),
  ...(
    [
      [32, 32, 1],
      [64, 32, 2],
      [128, 16, 1],
      [256, 8, 1],
      [144, 24, 1],
    ] as const
  ).map(([C, side, stride]): Layer => [64, C, C, side, 3, stride, C]),
  ...(
    [
      [16, 16, 64],
      [32, 16, 64],
      [64, 32, 32],
    ] as const
  ).map(([C, K, side]): Layer => [16, C, K, side, 3, 1]),
];

function convolution([, C, K, side, kernel, stride, groups = 1]: Layer): Convolution {
  const [begin, out] = [(kernel - 1) / 2, Math.floor((side - 1) / stride) + 1];
  return {
    C,
    K,
    groups,
    kernel: [kernel, kernel],
    strides: [stride, stride],
    dilations: [1, 1],
    begin: [begin, begin],
    end: [begin, begin],
    input: [side, side],
    output: [out, out],
  };
}

/** The forms that can compute a layer's weight gradient, the chosen one first. */
function formsOf(conv: Convolution): WeightForm[] {
  const chosen = weightForm(new Builder(18, undefined, true), conv);
  const [stride, kernel] = [conv.strides[0], conv.kernel[0]];
  const others: WeightForm[] = [
    ...(stride === 1 ? (['shifts'] as const) : []),
    'offsets',
    ...(kernel === 1 && stride === 1 && conv.groups === 1 ? (['pointwise'] as const) : []),
  ];
  return [chosen, ...others.filter((form) => form !== chosen)];
}

async function opened(layer: Layer, form: WeightForm, threads: number, block: number) {
  const conv = convolution(layer);
  const builder = new Builder(18, undefined, true);
  const rows = channelsFirst(form) ? builder.transpose('dy', [1, 0, 2, 3]) : undefined;
  const gradient = weightGradient(builder, conv, form, { x: 'x', dy: 'dy', rows });
  builder.op('Identity', [gradient], {}, 'dw');
  lowerToBlocks(builder, { block, results: ['dw'], dimsOf: (value) => builder.shapes.get(value) });
  const dims = { x: [layer[0], conv.C, ...conv.input], dy: [layer[0], conv.K, ...conv.output] };
  const numbers = (shape: number[]): Tensor =>
    floats(shape, Float32Array.from({ length: sizeOf(shape) }, Math.random));
  const session = await Session.open(
    builder.build({
      irVersion: 8n,
      opsets: [create(OperatorSetIdProtoSchema, { version: 18n })],
      inputs: Object.entries(dims).map(([name, shape]) => declare(name, shape)),
      outputs: [declare('dw')],
    }),
    { threads, provider: 'cpu' },
  );
  const feeds = { x: numbers(dims.x), dy: numbers(dims.dy) };
  return { form, session, run: () => session.run(feeds), times: [] as number[] };
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { threads: { type: 'string', default: '1' }, rounds: { type: 'string', default: '21' } },
  });
  const [threads, rounds] = [Number(values.threads), Number(values.rounds)];
  const block = await blockFor('cpu');
  if (!block) throw new Error('ONNX Runtime has no blocked layout on this processor');
  let beaten = 0;
  for (const layer of layers) {
    const forms = await Promise.all(
      formsOf(convolution(layer)).map((form) => opened(layer, form, threads, block)),
    );
    for (const { run } of forms) await run();
    for (let round = 0; round < rounds; round++)
      for (const { run, times } of forms) {
        const start = performance.now();
        await run();
        times.push(performance.now() - start);
      }
    const [chosen] = forms;
    const least = Math.min(...chosen.times);
    const [N, C, K, side, kernel, stride, groups = 1] = layer;
    const told = forms.map(({ form, times }) => {
      const ratio = median(times.map((time, at) => time / chosen.times[at]));
      return `${form} ${Math.min(...times).toFixed(2)} (${median(times).toFixed(2)}, ${ratio.toFixed(2)})`;
    });
    if (forms.some(({ times }) => Math.min(...times) < 0.9 * least)) beaten++;
    const name = `${C} to ${K}, ${kernel}x${kernel}${stride > 1 ? ` / ${stride}` : ''}, ${side}x${side}, batch ${N}`;
    console.log(`${name}${groups > 1 ? ', depthwise' : ''}: ${told.join('; ')}`);
    for (const { session } of forms) await session.close();
  }
  console.log(`of ${layers.length} layers another form is faster by more than a tenth for ${beaten}`);
}

void main();
