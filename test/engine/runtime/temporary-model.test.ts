import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

import { pointTo } from '../../../engine/onnx/external-data';
import { saveModel } from '../../../engine/onnx/model';
import { openModel } from '../../../engine/onnx/open-model';
import { TensorProto_DataLocation as Location } from '../../../engine/onnx/proto/onnx_pb';
import { removeStale } from '../../../engine/runtime/stale-models';
import { temporaryModel } from '../../../engine/runtime/temporary-model';
import { identityOf } from '../../../engine/regular-file';
import { floats } from '../../../engine/tensor/tensor';
import { inFolder } from '../../support/folder';
import { modelOf } from '../../support/graphs';

const length = 2 ** 26;

/** A model that looks 64 MiB of weights, in a sparse file beside it, up by rows. */
function opened(folder: string) {
  const path = join(folder, 'model.onnx');
  const graph = modelOf(
    ['x', ['batch', 4]],
    [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
      { op: 'ReduceSum', inputs: ['h'], outputs: ['y'] },
    ],
    ['y'],
    { w: floats([4, 2]) },
  );
  const [weight] = graph.model.graph!.initializer;
  const data = join(folder, 'weights');
  writeFileSync(data, '');
  truncateSync(data, length);
  Object.assign(weight, {
    rawData: undefined,
    dims: [4n, BigInt(length / 16)],
    dataLocation: Location.EXTERNAL,
    externalData: pointTo({
      path: data,
      offset: 0,
      length,
      identity: identityOf(statSync(data, { bigint: true })),
    }),
  });
  const inPlace = () => ({ path: data, offset: 0, length });
  saveModel(graph, path, { externalData: true, inPlace });
  return { data, graph: openModel(path) };
}

it('links to large weights in files, and ONNX Runtime runs it after it is removed', () =>
  inFolder(async (folder) => {
    const { data, graph } = opened(folder);
    const { path, remove } = temporaryModel(graph, folder);
    const linked = readdirSync(dirname(path)).map((name) => statSync(join(dirname(path), name)).ino);
    expect(linked).toContain(statSync(data).ino);
    const session = await InferenceSession.create(path);
    remove();
    expect(existsSync(dirname(path))).toBe(false);
    const { y } = await session.run({ x: new OrtTensor('float32', new Float32Array(4), [1, 4]) });
    expect([...y.data]).toEqual([0]);
    await session.release();
    expect(statSync(data).size).toBe(length);
  }));

it('refuses weights that were written since the model was opened, and leaves nothing', () =>
  inFolder(async (folder) => {
    const { data, graph } = opened(folder);
    utimesSync(data, 1, 1);
    const before = readdirSync(folder);
    expect(() => temporaryModel(graph, folder)).toThrow(/it was changed after the model was opened/);
    expect(readdirSync(folder)).toEqual(before);
    return Promise.resolve();
  }));

it('clears what killed processes left, and nothing else', () =>
  inFolder(async (folder) => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    const names = [
      `slimflow-model-${dead}-old`,
      `slimflow-model-${dead}-new`,
      `slimflow-model-${process.pid}-own`,
    ];
    const others = ['slimflow-model-', 'slimflow-x', 'other'];
    for (const name of [...names, ...others]) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'model.onnx'), '');
      if (!name.endsWith('new')) utimesSync(join(folder, name), 1, 1);
    }
    removeStale(folder);
    expect(readdirSync(folder).sort()).toEqual([...names.slice(1), ...others].sort());
    expect(() => removeStale(join(folder, 'none'))).not.toThrow();
    return Promise.resolve();
  }));
