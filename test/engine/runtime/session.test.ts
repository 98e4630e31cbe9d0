import { existsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

import { declare } from '../../../engine/onnx/extract';
import { pointTo } from '../../../engine/onnx/external-data';
import { TensorProto_DataLocation as Location } from '../../../engine/onnx/proto/onnx_pb';
import { runtimeModel } from '../../../engine/runtime/large-model';
import { Session } from '../../../engine/runtime/session';
import { identityOf } from '../../../engine/regular-file';
import { asFloats } from '../../../engine/tensor/as-floats';
import { floats, int64s, type Tensor } from '../../../engine/tensor/tensor';
import { inFolder } from '../../support/folder';
import { distance, modelOf, randoms, runOnce } from '../../support/graphs';
import { tinyNetwork } from '../../support/tiny';

describe('feeds that do not fit', () => {
  it.each<[string, Record<string, Tensor>, RegExp]>([
    ['another name', { x: floats([1, 1, 8, 8]), image: floats([1]) }, /no input image; its inputs are x/],
    ['none', {}, /input x of the model was not fed/],
    [
      'another rank',
      { x: floats([1, 8, 8]) },
      /input x takes shape \[batch, 1, 8, 8\], but was fed \[1, 8, 8\]/,
    ],
    [
      'another size',
      { x: floats([2, 3, 8, 8]) },
      /takes shape \[batch, 1, 8, 8\], but was fed \[2, 3, 8, 8\]/,
    ],
    [
      'another type',
      { x: { ...int64s([...Array<number>(64).keys()]), dims: [1, 1, 8, 8] } },
      /takes float32, but was fed int64/,
    ],
  ])('of %s are clear errors', async (_, feeds, message) => {
    const session = await Session.open(tinyNetwork(), { threads: 1 });
    await expect(session.run(feeds)).rejects.toMatchObject({
      code: 'InvalidData',
      message: expect.stringMatching(message) as string,
    });
    await session.close();
  });
});

it.each(['float16', 'float64'] as const)('feeds inputs of %s, and reads such outputs', async (type) => {
  const graph = modelOf(['x', ['batch', 3]], [{ op: 'Neg', inputs: ['x'], outputs: ['y'] }], ['y'], {});
  graph.setInterface([declare('x', ['batch', 3], type)], [declare('y', ['batch', 3], type)]);
  const session = await Session.open(graph, { threads: 1 });
  const { y } = await session.run({ x: floats([1, 3], [1, -0.5, 1024]) });
  expect([y.type, asFloats(y)]).toEqual([type, Float32Array.from([-1, 0.5, -1024])]);
  await session.close();
});

describe('a model whose weights pass the limit of one message', () => {
  const graph = tinyNetwork();
  const { model, externalData } = runtimeModel(graph, { whole: 0 });
  const bytes = model as Uint8Array;

  it('hands them over beside it, without copying them', async () => {
    const weight = graph.model.graph!.initializer.find(({ name }) => name === 'c3.weight')!;
    expect(externalData.map(({ data }) => data)).toContain(weight.rawData);
    expect(bytes.length).toBeLessThan(3000);
    expect(weight.externalData).toEqual([]); // the graph itself stays as it was
  });

  it('holds its small tensors itself, though they were in a file', () =>
    inFolder(async (folder) => {
      const data = join(folder, 'bias');
      writeFileSync(data, new Uint8Array(Float32Array.from({ length: 12 }, (_, at) => at).buffer));
      const small = tinyNetwork();
      const bias = small.model.graph!.initializer.find(({ name }) => name === 'c3.bias')!;
      const span = {
        path: data,
        offset: 0,
        length: 48,
        identity: identityOf(statSync(data, { bigint: true })),
      };
      Object.assign(bias, {
        rawData: undefined,
        externalData: pointTo(span),
        dataLocation: Location.EXTERNAL,
      });
      const handed = runtimeModel(small, { whole: 0 });
      const { externalData: beside } = handed;
      await (await InferenceSession.create(handed.model as Uint8Array, { externalData: beside })).release();
    }));

  it('is run by ONNX Runtime as the whole is', async () => {
    const beside = await InferenceSession.create(bytes, { externalData });
    const whole = await Session.open(graph, { threads: 1 });
    const x = randoms([2, 1, 8, 8], 1);
    const { y } = await beside.run({ x: new OrtTensor('float32', x.data, x.dims) });
    expect(y.data).toEqual((await whole.run({ x })).y.data);
    await Promise.all([beside.release(), whole.close()]);
  });
});

describe('a model with a tensor too large for memory', () => {
  it('is run from a file, which is gone once it is open', async () => {
    const graph = tinyNetwork();
    const { model, externalData, remove } = runtimeModel(graph, { tensor: 4000 });
    expect([typeof model, externalData]).toEqual(['string', []]);
    const session = await InferenceSession.create(model as string);
    remove();
    expect(existsSync(dirname(model as string))).toBe(false);
    const x = randoms([2, 1, 8, 8], 1);
    const { y } = await session.run({ x: new OrtTensor('float32', x.data, x.dims) });
    const found = floats(y.dims, y.data as Float32Array);
    expect(distance(found, await runOnce(graph, x))).toBeLessThan(1e-5);
    await session.release();
  });

  it('names the folder that has no room for it', () => {
    const handOver = () => runtimeModel(tinyNetwork(), { tensor: 4000, folder: '/proc/none' });
    expect(handOver).toThrow(
      /written to a temporary folder, but writing to \/proc\/none failed .*set TMPDIR/,
    );
  });
});

it('a model that ONNX Runtime refuses is a clear error', async () => {
  const odd = modelOf(['x', [1]], [{ op: 'NoSuchOperator', inputs: ['x'], outputs: ['y'] }], ['y'], {
    w: floats([1]),
  });
  await expect(Session.open(odd, { threads: 1 })).rejects.toMatchObject({
    code: 'UnsupportedModel',
    message: expect.stringMatching(/ONNX Runtime rejected the model.*NoSuchOperator/s) as string,
  });
});
