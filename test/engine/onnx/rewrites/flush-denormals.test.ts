import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { loadModel, saveModel, serializeModel } from '../../../../engine/onnx/model';
import { openModel } from '../../../../engine/onnx/open-model';
import { floats, type Tensor } from '../../../../engine/tensor/tensor';
import { inFolder } from '../../../support/folder';
import { modelOf, randoms } from '../../../support/graphs';

const smallest = 2 ** -126;
/** A Conv whose weight holds the smallest normal number, larger ones and denormals of both signs. */
const network = () => {
  const values = Float32Array.of(smallest, smallest / 2, -1e-40, 2 ** -149, -0, 0, 0.5, -smallest);
  return modelOf(['x', ['batch', 2, 4, 4]], [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['y'] }], ['y'], {
    w: floats([4, 2, 1, 1], values),
    unused: randoms([2], 1),
  });
};
const flushed = [smallest, 0, 0, 0, 0, 0, 0.5, -smallest];
const values = (tensor: Tensor | undefined) => [...(tensor!.data as Float32Array)].map((value) => value + 0);

describe('flushDenormals', () => {
  it('reads denormal weights as 0, and says so', () =>
    inFolder((folder) => {
      const path = join(folder, 'model.onnx');
      // Written past saveModel, which flushes as well.
      writeFileSync(path, serializeModel(network()));
      const graph = openModel(path);
      expect(values(graph.constant('w'))).toEqual(flushed);
      expect(graph.context.notes).toEqual([
        'a weight holds denormal numbers, which are slow to compute with: they are read, and written, as 0',
      ]);
    }));

  it.each([false, true])('writes what came to be denormal as 0; data beside the model: %s', (externalData) =>
    inFolder((folder) => {
      const path = join(folder, 'model.onnx');
      const graph = network();
      graph.setConstant('w', floats([4, 2, 1, 256], tile(graph.constant('w')!)));
      saveModel(graph, path, { externalData });
      const written = values(loadModel(path).constant('w'));
      expect(written).toEqual(Array.from({ length: 2048 }, (_, at) => flushed[at % 8]));
      // The graph in memory stays as it was.
      expect((graph.constant('w')!.data as Float32Array)[1]).toBe(smallest / 2);
    }),
  );

  it('leaves a model without denormals as it is, to the bit', () =>
    inFolder((folder) => {
      const path = join(folder, 'model.onnx');
      const graph = network();
      graph.setConstant('w', randoms([4, 2, 1, 1], 3));
      saveModel(graph, path);
      expect(readFileSync(path)).toEqual(Buffer.from(serializeModel(graph)));
      expect(openModel(path).context.notes).toEqual([]);
    }));
});

const tile = ({ data }: Tensor): Float32Array =>
  Float32Array.from({ length: 2048 }, (_, at) => (data as Float32Array)[at % 8]);
