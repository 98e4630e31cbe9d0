import { join } from 'node:path';
import { statSync, utimesSync } from 'node:fs';

import { openedModel } from '../../../engine/jobs/open-measured';
import { saveModel } from '../../../engine/onnx/model';
import { inFolder } from '../../support/folder';
import { randoms } from '../../support/graphs';
import { tinyNetwork } from '../../support/tiny';

it.each([true, false])(
  'a model is opened once, and again when its weights change (beside it: %p)',
  (beside) =>
    inFolder(async (folder) => {
      const path = join(folder, 'model.onnx');
      const save = (seed: number) => {
        const graph = tinyNetwork();
        graph.setConstant('c3.weight', randoms([12, 12, 3, 3], seed));
        saveModel(graph, path, { externalData: beside });
      };
      save(1);
      const first = await openedModel(path, {});
      expect(await openedModel(path, {})).toBe(first);
      expect(await openedModel(path, { inputSize: [1, 1, 8, 8] })).not.toBe(first);
      const { atime, mtime } = statSync(path);
      save(2);
      utimesSync(path, atime, mtime); // as where only the weights' file was written
      const again = await openedModel(path, {});
      expect(again.constant('c3.weight')).toEqual(randoms([12, 12, 3, 3], 2));
      expect(await openedModel(path, {})).toBe(again);
    }),
);
