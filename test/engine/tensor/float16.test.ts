import fc from 'fast-check';

import { fromHalves, toHalves } from '../../../engine/tensor/float16';

const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);

it('every half becomes a float and comes back, bit for bit', () => {
  const numbers = all.filter((bits) => (bits & 0x7fff) <= 0x7c00);
  expect(toHalves(fromHalves(numbers))).toEqual(numbers);
  expect(fromHalves(Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00))).toEqual(
    Float32Array.of(1, -2, 2 ** -24, 65504, Infinity),
  );
  expect(fromHalves(toHalves(Float32Array.of(NaN)))[0]).toBeNaN();
});

it('floats become the nearest half, and none becomes infinite', () => {
  const finite = fromHalves(all.filter((bits) => bits < 0x7c00));
  fc.assert(
    fc.property(fc.float({ min: 0, max: 70000, noNaN: true }), (value) => {
      const [half] = fromHalves(toHalves(Float32Array.of(value)));
      const nearest = finite.reduce((best, other) => Math.min(best, Math.abs(other - value)), Infinity);
      expect(Math.abs(half - value)).toBe(nearest);
      expect(fromHalves(toHalves(Float32Array.of(-value)))[0]).toBe(-half);
    }),
    { numRuns: 50 },
  );
  // Ties go to the even neighbour: 2049 lies between 2048 and 2050, 2051 between 2050 and 2052.
  expect([...fromHalves(toHalves(Float32Array.of(2049, 2051)))]).toEqual([2048, 2052]);
});
