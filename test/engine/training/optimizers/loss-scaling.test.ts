import { create } from '@bufbuild/protobuf';

import { declare } from '../../../../engine/onnx/extract';
import { OperatorSetIdProtoSchema } from '../../../../engine/onnx/proto/onnx_pb';
import { Session } from '../../../../engine/runtime/session';
import { floats } from '../../../../engine/tensor/tensor';
import { lossScaling } from '../../../../engine/training/optimizers/loss-scaling';
import { emitUpdate, isNumbered, type UpdateRules } from '../../../../engine/training/optimizers/update';
import type { Layout, Trainable } from '../../../../engine/training/parameters/parameters';
import type { Vectors } from '../../../../engine/training/parameters/vectors';
import { Builder } from '../../../../engine/training/emit/builder';
import { floatsOf } from '../support';

const size = 256;
const parameters: Layout = { entries: [], size, weights: size };
const layouts: Trainable = { parameters, statistics: { entries: [], size: 0, weights: 0 }, notes: [] };
const scalars = { learningRate: 'rate', momentum: 'momentum', step: 'step' };
const numbers = (seed: number) => Float32Array.from({ length: size }, (_, at) => Math.sin(at * at + seed));

/** An update alone: gradients and vectors in, vectors out. */
async function open(settings: UpdateRules) {
  const builder = new Builder(18, 'update');
  const rows = emitUpdate(builder, settings, layouts, { gradients: 'gradients', statistics: [] }, scalars);
  const numbered = isNumbered(settings);
  const graph = builder.build({
    irVersion: 8n,
    opsets: [create(OperatorSetIdProtoSchema, { version: 18n })],
    inputs: [
      declare('gradients', [size]),
      ...['rate', 'momentum', ...(numbered ? ['step'] : [])].map((name) => declare(name, [])),
      ...rows.map((row) => declare(row.input, [row.size])),
    ],
    outputs: rows.map((row) => declare(row.output, [row.size])),
  });
  const session = await Session.open(graph, { threads: 1, provider: 'cpu' });
  const initial = Object.fromEntries(rows.map(({ name, size: length }) => [name, new Float32Array(length)]));
  return {
    initial,
    close: () => session.close(),
    async step(vectors: Vectors, gradients: Float32Array, step: number): Promise<Vectors> {
      const result = await session.run({
        gradients: floats([size], gradients),
        rate: floats([], [0.1]),
        momentum: floats([], [0.9]),
        ...(numbered && { step: floats([], [step]) }),
        ...Object.fromEntries(
          rows.map(({ name, input }) => [input, floats([vectors[name].length], vectors[name])]),
        ),
      });
      return Object.fromEntries(rows.map(({ name, output }) => [name, floatsOf(result[output])]));
    },
  };
}

const settings: [name: string, settings: UpdateRules][] = [
  ['SGD', { weightDecay: 5e-4, clip: 0.5 }],
  ['AdamW with an average', { optimizer: 'adamw', weightDecay: 0.01, ema: 0.99 }],
];

describe.each(settings)('loss scaling, %s', (_, given) => {
  test('steps as without it, but leaves out those whose gradients are not finite', async () => {
    const [plain, mixed] = [await open(given), await open({ ...given, mixed: true })];
    const begin = { ...plain.initial, parameters: numbers(0) };
    let one: Vectors = begin;
    let other: Vectors = { ...mixed.initial, ...begin, [lossScaling]: Float32Array.of(1024, 0, 0) };
    let [scale, applied] = [1024, 0];
    for (const broken of [undefined, Infinity, NaN, undefined, -Infinity, undefined, undefined]) {
      const gradients = numbers(7 + applied);
      const scaled = gradients.map((value) => value * scale);
      if (broken === undefined) one = await plain.step(one, gradients, ++applied);
      else {
        scaled[77] = broken;
        scale /= 2;
      }
      other = await mixed.step(other, scaled, 0);
      expect(other[lossScaling][0]).toBe(scale);
      expect(other[lossScaling][2]).toBe(applied);
      // Powers of two change no bit of a product.
      expect(other).toMatchObject(one);
    }
    expect(applied).toBe(4);
    await plain.close();
    await mixed.close();
  });
});

test('the loss scale doubles after 2000 steps without an overflow', async () => {
  const mixed = await open({ weightDecay: 0, mixed: true });
  const after = async (state: number[], gradient: number) => {
    const vectors = { ...mixed.initial, [lossScaling]: Float32Array.from(state) };
    return [...(await mixed.step(vectors, numbers(1).fill(gradient), 0))[lossScaling]];
  };
  expect(await after([1024, 1998, 5000], 1)).toEqual([1024, 1999, 5001]);
  expect(await after([1024, 1999, 5000], 1)).toEqual([2048, 0, 5001]);
  expect(await after([1024, 1999, 5000], NaN)).toEqual([512, 0, 5000]);
  await mixed.close();
});
