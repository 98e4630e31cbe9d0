import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { execFileSync } from 'node:child_process';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';

import { EngineError } from '../../../engine/errors';
import { needsFile, loadModel, parseModel, saveModel, serializeModel } from '../../../engine/onnx/model';
import { openModel } from '../../../engine/onnx/open-model';
import {
  ModelProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataType as DataType,
} from '../../../engine/onnx/proto/onnx_pb';
import { floats } from '../../../engine/tensor/tensor';
import { randoms, runOnce } from '../../support/graphs';
import { hugeModel } from '../../support/huge';
import { tinyNetwork } from '../../support/tiny';

const folder = mkdtempSync(join(tmpdir(), 'slimflow-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const x = randoms([2, 1, 8, 8], 1);

/** The tiny network with its weights beside it, in a folder of its own. */
function saved(name: string): string {
  mkdirSync(join(folder, name));
  const path = join(folder, name, 'model.onnx');
  saveModel(tinyNetwork(), path, { externalData: true });
  return path;
}

describe('external data', () => {
  it('goes to a file beside the model and comes back, and ONNX Runtime finds it there', async () => {
    const path = saved('whole');
    expect(readdirSync(join(folder, 'whole')).sort()).toEqual(['model.onnx', 'model.onnx.data']);
    expect(statSync(path).size).toBeLessThan(5_000);
    await (await InferenceSession.create(path)).release();
    expect(await runOnce(openModel(path), x)).toEqual(await runOnce(tinyNetwork(), x));
  });

  it('is kept by a model that came with it, saved over itself too', async () => {
    const path = saved('again');
    const graph = openModel(path);
    graph.setConstant('c2.bias', floats([12]));
    const expected = await runOnce(graph, x);
    saveModel(graph, path);
    expect(await runOnce(graph, x)).toEqual(expected);
    expect(await runOnce(openModel(path), x)).toEqual(expected);
    expect(readFileSync(path).includes(folder)).toBe(false);
    saveModel(graph.clone(), join(folder, 'inline.onnx'), { externalData: false });
    expect(readdirSync(folder)).not.toContain('inline.onnx.data');
    expect(await runOnce(openModel(join(folder, 'inline.onnx')), x)).toEqual(expected);
  });

  it('leaves nothing half-written where the model cannot be saved', () => {
    mkdirSync(join(folder, 'taken'));
    expect(() => saveModel(tinyNetwork(), join(folder, 'taken'), { externalData: true })).toThrow(/EISDIR/);
    expect(readdirSync(folder).filter((name) => /taken\.|tmp/.test(name))).toEqual([]);
  });

  it('that was written over since the model was opened is not read', () => {
    const path = saved('changed');
    const graph = loadModel(path);
    const { size, atime, mtimeMs } = statSync(`${path}.data`);
    writeFileSync(`${path}.data`, Buffer.alloc(size));
    utimesSync(`${path}.data`, atime, new Date(mtimeMs + 2000)); // as where the file system's clock is coarse
    expect(() => graph.constant('c3.weight')).toThrow(/it was changed after the model was opened/);
  });

  it('is shared by copies of a graph in memory', () => {
    const graph = tinyNetwork();
    const [one, two] = [graph, graph.clone()].map((g) => g.constant('c3.weight')!.data.buffer);
    expect(one).toBe(two);
  });

  it('past what protobuf holds must be handed over by file', () => {
    const path = join(folder, 'huge.onnx');
    hugeModel(path);
    const graph = loadModel(path);
    expect(needsFile(graph)).toBe(true);
    expect(graph.constantDims('huge')).toEqual([600_000_000]);
    expect(() => serializeModel(graph)).toThrow(/too many for a model in memory: save it to a file/);
    expect(needsFile(tinyNetwork())).toBe(false);
  });

  it('of many bytes is shared by those who look at it, and not kept for others', () => {
    const path = saved('large');
    const model = fromBinary(ModelProtoSchema, readFileSync(path));
    const weight = model.graph!.initializer.find(({ name }) => name === 'c3.weight')!;
    model.graph!.initializer.push({ ...weight, name: 'large', dims: [2n ** 24n] });
    repoint(model.graph!.initializer.at(-1)!, { offset: '0', length: String(2 ** 26) });
    writeFileSync(path, toBinary(ModelProtoSchema, model));
    truncateSync(`${path}.data`, 2 ** 26);
    const graph = loadModel(path);
    const [one, two] = [graph, graph.clone()].map((g) => g.constant('large')!);
    expect(one.data.buffer).toBe(two.data.buffer);
    expect([one, graph.constant('large')].map((tensor) => tensor!.dims)).toEqual([[2 ** 24], [2 ** 24]]);
    expect(graph.constant('large')).not.toBe(graph.constant('large'));
  });
});

/** Changes what a tensor says of its place. */
function repoint(tensor: TensorProto, fields: Record<string, string>): void {
  const now = Object.fromEntries(tensor.externalData.map(({ key, value }) => [key, value]));
  tensor.externalData = Object.entries({ ...now, ...fields }).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
}

describe('a file of weights', () => {
  it('that is a hard link is refused, and one that a job has made is not', () => {
    const path = saved('linked');
    const data = `${path}.data`;
    const link = join(folder, 'another-name');
    linkSync(data, link);
    expect(() => loadModel(path)).toThrow(
      /model.onnx.data is a hard link to a file that has another name too/,
    );
    const temporary = mkdtempSync(join(tmpdir(), 'slimflow-model-'));
    renameSync(link, join(temporary, 'weights-0'));
    expect(() => loadModel(path)).not.toThrow();
    rmSync(temporary, { recursive: true });
  });

  it.each<[string, (path: string) => void]>([
    [
      'a link to another file',
      (path) => {
        writeFileSync(`${path}.other`, Buffer.alloc(1 << 16));
        symlinkSync(`${path}.other`, path);
      },
    ],
    ['a FIFO', (path) => execFileSync('mkfifo', [path])],
    ['another file', (path) => writeFileSync(path, Buffer.alloc(1 << 16))],
    ['a folder', (path) => mkdirSync(path)],
  ])('in whose place %s was put is not read', (what, put) => {
    const path = saved(`swapped for ${what}`);
    const data = `${path}.data`;
    const graph = loadModel(path);
    const { atime, mtime } = statSync(data);
    renameSync(data, `${data}.away`);
    put(data);
    utimesSync(data, atime, mtime);
    expect(() => graph.constant('c3.weight')).toThrow(
      /can no longer be read: it (was changed|is not a file)/,
    );
  });

  it('is not written through a link that somebody has planted', () => {
    const path = join(folder, 'planted.onnx');
    const target = join(folder, 'target');
    writeFileSync(target, 'untouched');
    symlinkSync(target, `${path}.${process.pid}.tmp`);
    saveModel(tinyNetwork(), path);
    expect(readFileSync(target, 'utf8')).toBe('untouched');
  });

  it('may have a name as long as names may be', () => {
    const path = join(folder, `${'x'.repeat(245)}.onnx`);
    saveModel(tinyNetwork(), path);
    expect(loadModel(path).nodes.length).toBeGreaterThan(0);
  });
});

describe('refuses external data', () => {
  it.each<[string, Record<string, string>, RegExp]>([
    ['that leaves the folder', { location: '../model.onnx.data' }, /is outside the model's folder/],
    ['by a way through other folders', { location: 'a/../../b' }, /is outside the model's folder/],
    ['at an absolute path', { location: '/etc/passwd' }, /is an absolute path/],
    ['at an absolute path of Windows', { location: 'C:\\weights' }, /is an absolute path/],
    ['through a link that leaves the folder', { location: 'link' }, /is a link to outside/],
    ['that is a folder', { location: 'folder' }, /is not a file/],
    ['that is a FIFO', { location: 'fifo' }, /is not a file, but a FIFO/],
    ['that is missing', { location: 'none' }, /none cannot be read/],
    ['that is too short', { offset: '40960' }, /is cut short/],
    ['at an offset that is not a valid number', { offset: '-1' }, /their offset -1 is invalid/],
    [
      'of another length',
      { length: '8' },
      /shape \[12, 12, 3, 3\] takes 5184 bytes, but the model refers to 8 bytes of model.onnx.data/,
    ],
    ['without a place', { location: '' }, /does not say which file/],
  ])('%s', (name, fields, message) => {
    const path = saved(`refused ${name}`);
    symlinkSync('/etc/hostname', join(path, '..', 'link'));
    mkdirSync(join(path, '..', 'folder'));
    execFileSync('mkfifo', [join(path, '..', 'fifo')]);
    const model = fromBinary(ModelProtoSchema, readFileSync(path));
    repoint(
      model.graph!.initializer.find((tensor) => tensor.name === 'c3.weight')!,
      fields,
    );
    writeFileSync(path, toBinary(ModelProtoSchema, model));
    expect(() => loadModel(path)).toThrow(EngineError);
    expect(() => loadModel(path)).toThrow(message);
  });

  it('of a type whose elements have no size of their own', () => {
    const path = saved('strings');
    const model = fromBinary(ModelProtoSchema, readFileSync(path));
    model.graph!.initializer.find((tensor) => tensor.name === 'c3.weight')!.dataType = DataType.STRING;
    writeFileSync(path, toBinary(ModelProtoSchema, model));
    expect(() => loadModel(path)).toThrow(/c3.weight: values of type STRING can't be in a separate file/);
  });

  it('of a model that came as bytes', () => {
    expect(() => parseModel(readFileSync(saved('bytes')))).toThrow(/open the model by its path/);
  });
});
