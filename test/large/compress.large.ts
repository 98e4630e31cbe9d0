import { create, toBinary } from '@bufbuild/protobuf';
import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

import type { CompressReport } from '../../engine/api/compress-report';
import { pointTo } from '../../engine/onnx/external-data';
import { macsOf, paramsOf } from '../../engine/onnx/layers';
import { openModel } from '../../engine/onnx/open-model';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as Location,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from '../../engine/onnx/proto/onnx_pb';
import { slimflow } from '../support/cli';
import { modelOf, randoms } from '../support/graphs';

/*
 * The real thing: three convolutions and a Gemm of 2.4 GB. `npm run test:large` runs it; `npm test` does not.
 */

const [channels, side, hidden] = [64, 96, 1024];
const inputs = channels * side * side;
const folder = mkdtempSync(join(tmpdir(), 'slimflow-large-'));
const path = join(folder, 'large.onnx');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeAll(() => {
  const conv = (name: string, input: string) => ({
    op: 'Conv',
    name,
    inputs: [input, `${name}.weight`],
    outputs: [name],
    attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
  });
  const relu = (input: string) => ({ op: 'Relu', inputs: [input], outputs: [`${input}.relu`] });
  const { model } = modelOf(
    ['x', ['batch', 3, side, side]],
    [
      conv('c1', 'x'),
      relu('c1'),
      conv('c2', 'c1.relu'),
      relu('c2'),
      conv('c3', 'c2.relu'),
      relu('c3'),
      { op: 'Flatten', inputs: ['c3.relu'], outputs: ['flat'] },
      {
        op: 'Gemm',
        name: 'fc1',
        inputs: ['flat', 'fc1.weight'],
        outputs: ['fc1'],
        attributes: { transB: 1 },
      },
      relu('fc1'),
      { op: 'Gemm', name: 'fc2', inputs: ['fc1.relu', 'fc2.weight'], outputs: ['y'] },
    ],
    ['y', ['batch', 10]],
    {
      'c1.weight': randoms([32, 3, 3, 3], 1),
      'c2.weight': randoms([channels, 32, 3, 3], 2),
      'c3.weight': randoms([channels, channels, 3, 3], 3),
      'fc2.weight': randoms([hidden, 10], 4),
    },
  );
  const length = 4 * hidden * inputs;
  model.graph!.initializer.push(
    create(TensorProtoSchema, {
      name: 'fc1.weight',
      dataType: DataType.FLOAT,
      dims: [BigInt(hidden), BigInt(inputs)],
      dataLocation: Location.EXTERNAL,
      externalData: pointTo({ path: 'weights.bin', offset: 0, length }),
    }),
  );
  writeFileSync(path, toBinary(ModelProtoSchema, model));
  // Each row is the one before, moved on: of full rank, from few random numbers.
  const numbers = randoms([inputs + hidden * 64], 5).data;
  const file = openSync(join(folder, 'weights.bin'), 'w');
  for (let row = 0; row < hidden; row++)
    writeSync(file, new Uint8Array(numbers.buffer, numbers.byteOffset + 256 * row, 4 * inputs));
  closeSync(file);
  expect(statSync(join(folder, 'weights.bin')).size).toBe(length);
});

it.each([
  ['spatial-svd', 'macs', 0.8],
  ['weight-svd', 'params', 0.5],
  ['weight-svd', 'macs', 0.6],
  ['channel-pruning', 'macs', 0.6],
])('%s of a model of 2.4 GB, to a share of its %s', async (technique, cost, target) => {
  const few = ['--candidates', '4', '--samples', '4'];
  const asked = ['--technique', technique, '--cost', cost, '--target', String(target)];
  const { out, err, status } = await slimflow(folder, [
    'compress',
    'large.onnx',
    ...asked,
    ...few,
    '--out',
    'small.onnx',
    '--json',
  ]);
  expect([err, status]).toEqual(['', 0]);
  const report = JSON.parse(out) as CompressReport;
  expect(Math.abs(report.achieved - target)).toBeLessThan(0.01);
  const [before, after] = [path, join(folder, 'small.onnx')].map((file) => openModel(file));
  const count = cost === 'macs' ? macsOf : paramsOf;
  expect(count(after) / count(before)).toBe(report.achieved);
  const session = await InferenceSession.create(join(folder, 'small.onnx'));
  const x = randoms([1, 3, side, side], 6);
  const { y } = await session.run({ x: new OrtTensor('float32', x.data, x.dims) });
  expect(y.dims).toEqual([1, 10]);
  await session.release();
});
