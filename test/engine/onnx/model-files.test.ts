import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { modelFiles, possibleFiles, savedFiles, saveModel } from '../../../engine/onnx/model';
import { inFolder } from '../../support/folder';
import { tinyNetwork } from '../../support/tiny';

describe('the files of a model', () => {
  it('are its own alone where it holds its weights', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'model.onnx');
      saveModel(tinyNetwork(), path);
      expect(modelFiles(path)).toEqual([path]);
      expect(savedFiles(path)).toEqual([path]);
    }));

  it('include those that hold its weights, each once', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'model.onnx');
      saveModel(tinyNetwork(), path, { externalData: true });
      expect(modelFiles(path)).toEqual([path, `${path}.data`]);
      expect(savedFiles(path)).toEqual(possibleFiles(path));
    }));

  it('must be there, and in its folder', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'model.onnx');
      saveModel(tinyNetwork(), path, { externalData: true });
      mkdirSync(join(folder, 'other'));
      renameSync(path, join(folder, 'other', 'model.onnx'));
      expect(() => modelFiles(join(folder, 'other', 'model.onnx'))).toThrow(
        /model\.onnx\.data cannot be read/,
      );
    }));

  it('are the one asked about where it is no model: whoever opens it says so', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'model.onnx');
      writeFileSync(path, 'no model');
      expect(modelFiles(path)).toEqual([path]);
      rmSync(path);
      expect(modelFiles(path)).toEqual([path]);
    }));
});
