import { faer } from '../../../engine/linalg/faer';
import { timesTransposed } from '../../../engine/linalg/matrix';
import { mlMatrix } from '../../../engine/linalg/ml-matrix';
import { limits } from '../../../engine/tensor/limits';
import { randomMatrix } from '../../support/backends';

const { wasm } = limits;
afterEach(() => {
  limits.wasm = wasm;
});

it('leaves to ml-matrix what does not fit in the memory of WebAssembly, to the bit', async () => {
  const a = randomMatrix(12, 20, 1);
  const gram = timesTransposed(a, a);
  const rhs = randomMatrix(12, 3, 2);
  const all = (library: typeof faer) =>
    Promise.all([
      library.svd(a),
      library.eigh(gram),
      library.solve(gram, rhs),
      library.timesTransposed(a, a, 7),
    ]);
  const [own, others] = [await all(faer), await all(mlMatrix)];
  expect(own).not.toEqual(others);
  limits.wasm = 100;
  expect(await all(faer)).toEqual(others);
});
