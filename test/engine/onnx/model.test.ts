import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { loadModel, parseModel, saveModel, serializeModel } from '../../../engine/onnx/model';
import { temporaryFolder } from '../../support/folder';
import { modelOf, randoms } from '../../support/graphs';
import { digitsModel } from '../../support/paths';

const folder = temporaryFolder();
const bytes = readFileSync(digitsModel());

describe('model', () => {
  it('saves what it loaded without loss', () => {
    const path = join(folder, 'copy.onnx');
    saveModel(loadModel(digitsModel('dynamo.')), path);
    expect(serializeModel(loadModel(path))).toEqual(serializeModel(loadModel(digitsModel('dynamo.'))));
  });

  it('leaves nothing half-written where it cannot save', () => {
    const taken = join(folder, 'taken');
    mkdirSync(taken);
    expect(() => saveModel(loadModel(digitsModel()), taken)).toThrow(/EISDIR|EEXIST|EPERM/);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each([
    ['a missing file', () => loadModel(join(folder, 'none.onnx')), /none\.onnx cannot be read/],
    ['a folder', () => loadModel(folder), /cannot be read: it is not a file/],
    [
      'a file that is no ONNX',
      () => parseModel(Buffer.from('PK\x03\x04 not a model at all'), 'a.zip'),
      /a\.zip is not an ONNX/,
    ],
    [
      'an empty file',
      () => parseModel(new Uint8Array(), 'empty.onnx'),
      /empty\.onnx is not an ONNX model: it has no nodes/,
    ],
    [
      'a truncated file',
      () => parseModel(bytes.subarray(0, bytes.length / 2), 'half.onnx'),
      /half\.onnx is not an ONNX/,
    ],
    [
      'a graph that reads what nothing computes',
      () =>
        parseModel(
          serializeModel(
            modelOf(['x', [1]], [{ op: 'Add', inputs: ['x', 'ghost'], outputs: ['y'] }], ['y'], {}),
          ),
        ),
      /node y \(Add\) reads ghost, which no node computes/,
    ],
    [
      'an operator set that is too old',
      () =>
        parseModel(
          serializeModel(modelOf(['x', [1]], [{ op: 'Relu', inputs: ['x'], outputs: ['y'] }], ['y'], {}, 6)),
        ),
      /uses opset 6, but Slimflow reads opsets 7 to 26/,
    ],
  ])('refuses %s', (_, load, message) => {
    expect(load).toThrow(message);
  });

  it('refuses an initializer with too few bytes, naming it', () => {
    const graph = modelOf(['x', [2]], [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }], ['y'], {
      w: randoms([2], 1),
    });
    graph.model.graph!.initializer[0].rawData = new Uint8Array(4);
    const path = join(folder, 'broken.onnx');
    writeFileSync(path, serializeModel(graph));
    expect(() => loadModel(path).constant('w')).toThrow(/initializer w is broken/);
  });
});
