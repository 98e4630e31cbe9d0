import { create } from '@bufbuild/protobuf';

import { OperatorSetIdProtoSchema } from '../../onnx/proto/onnx_pb';
import type { ProviderName } from '../../names';
import { Session } from '../../runtime/session';
import { floats, type FloatTensor } from '../../tensor/tensor';
import { Builder } from '../emit/builder';
import { declare } from '../../onnx/extract';
import { blockedDomain, lowerToBlocks } from './blocked';

/** Numbers without a pattern, the same each time. */
const numbers = (dims: readonly number[]): FloatTensor =>
  floats(
    dims,
    Array.from({ length: dims.reduce((a, b) => a * b) }, (_, at) => Math.sin(at * at + 1)),
  );

const shapes: Readonly<Record<string, readonly number[]>> = {
  x: [2, 20, 5, 6],
  weight: [12, 20, 3, 3],
  bias: [12],
  y: [2, 12, 5, 6],
};

let probed: Promise<number | undefined> | undefined;

/**
 * Returns the channels per block of ONNX Runtime's blocked layout on this processor (8 or 16); undefined if it has
 * none, or if a small convolution differs from the plain layout's result. Probed once per process.
 */
export function probeBlock(): Promise<number | undefined> {
  probed ??= findBlock().catch(() => undefined);
  return probed;
}

/** Does as `probeBlock`; undefined for every provider but the CPU's, which alone has the blocked operators. */
export const blockFor = async (provider: ProviderName): Promise<number | undefined> =>
  provider === 'cpu' ? probeBlock() : undefined;

async function findBlock(): Promise<number | undefined> {
  const builder = new Builder(18, 'probe');
  builder.contrib(blockedDomain, 'ReorderInput', ['x'], {}, 'y');
  // ReorderInput pads the channels of its input to a block.
  const [, block] = (await run(builder, { x: floats([1, 4, 1, 1]) })).dims;
  if (block !== 8 && block !== 16) return undefined;
  const [plain, blocked] = [await convolution(), await convolution(block)];
  const apart = Math.max(...plain.map((value, at) => Math.abs(value - blocked[at])));
  return apart < 1e-4 ? block : undefined;
}

async function convolution(block?: number): Promise<Float32Array> {
  const builder = new Builder(18, 'probe');
  builder.op('Conv', ['x', 'weight', 'bias'], { pads: [1, 1, 1, 1] }, 'y');
  if (block) lowerToBlocks(builder, { block, results: ['y'], dimsOf: (value) => shapes[value] });
  const { x, weight, bias } = shapes;
  const y = await run(builder, { x: numbers(x), weight: numbers(weight), bias: numbers(bias) });
  return y.data as Float32Array;
}

async function run(builder: Builder, feeds: Readonly<Record<string, FloatTensor>>) {
  const graph = builder.build({
    irVersion: 8n,
    opsets: [create(OperatorSetIdProtoSchema, { version: 18n })],
    inputs: Object.entries(feeds).map(([name, { dims }]) => declare(name, dims)),
    outputs: [declare('y')],
  });
  const session = await Session.open(graph, { threads: 1, provider: 'cpu' });
  try {
    return (await session.run(feeds)).y;
  } finally {
    await session.close();
  }
}
