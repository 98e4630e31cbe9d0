import fc from 'fast-check';

import { Atoms } from '../../../engine/pruning/atoms';
import { reshapeLabels } from '../../../engine/pruning/labels';

const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** The atom of each element of a tensor with labels along one axis. */
const elements = (dims: readonly number[], axis: number, ids: Int32Array, atoms: Atoms) => {
  const inner = product(dims.slice(axis + 1));
  return Array.from({ length: product(dims) }, (_, at) =>
    atoms.find(ids[Math.floor(at / inner) % dims[axis]]),
  );
};

/** Ways to write one size as a product of others. */
const shapes = [
  [2, 12, 4],
  [2, 3, 4, 4],
  [2, 48],
  [24, 4],
  [96],
  [2, 4, 3, 2, 2],
  [1, 2, 12, 1, 4],
  [2, 12, 4, 1, 1],
];

it('an element has the same atom in every shape', () => {
  fc.assert(
    fc.property(fc.constantFrom(...shapes), fc.constantFrom(...shapes), fc.nat(4), (from, to, at) => {
      const axis = at % from.length;
      const atoms = new Atoms();
      const ids = atoms.fresh(from[axis]);
      const labels = reshapeLabels(from, to, { axis, ids }, atoms);
      if (typeof labels === 'string') throw new Error(labels);
      expect(elements(to, labels.axis, labels.ids, atoms)).toEqual(elements(from, axis, ids, atoms));
    }),
    { numRuns: 300, seed: 1 },
  );
});

it.each([
  [['batch', 8, undefined, undefined], ['batch', 2, 4, undefined, undefined], 2, [0, 1, 2, 3]],
  [['batch', 8, 1, 1], ['batch', 8], 1, [0, 1, 2, 3, 4, 5, 6, 7]],
  [['batch', 'height', 'width', 8], ['batch', undefined, 8], 2, [0, 1, 2, 3, 4, 5, 6, 7]],
])('follows channels past sizes that are open: %j to %j', (from, to, axis, atomsOf) => {
  const atoms = new Atoms();
  const at = from.indexOf(8);
  const labels = reshapeLabels(from, to, { axis: at, ids: atoms.fresh(8) }, atoms);
  expect(labels).toMatchObject({ axis });
  expect(typeof labels === 'object' && [...labels.ids].map((id) => atoms.find(id) % 4)).toEqual(
    atomsOf.map((atom) => atom % 4),
  );
});

it('gives up where an open size is merged with channels', () => {
  const atoms = new Atoms();
  expect(reshapeLabels(['batch', 8, 4], [undefined, 4], { axis: 1, ids: atoms.fresh(8) }, atoms)).toBe(
    'reshapes [batch, 8, 4] to [?, 4], through which channels cannot be followed',
  );
});
