import fc from 'fast-check';

import { gradients } from '../../../../engine/training/gradients/table';
import { slopes } from './differences';
import { moves } from './examples/moves';
import { pointwise } from './examples/pointwise';
import { products } from './examples/products';
import { slidingWindows } from './examples/windows';

const rows = { ...pointwise, ...products, ...slidingWindows, ...moves };

describe('gradients equal differences', () => {
  test.each(Object.keys(rows))('%s', async (op) => {
    await fc.assert(
      fc.asyncProperty(rows[op], async (example) => {
        const { given, measured, scale } = await slopes(example);
        // A wrong gradient is off by a good part of the scale; 32-bit differences by a few 1e-5 of it.
        expect(Math.abs(given - measured)).toBeLessThan(0.001 * scale + 2e-4);
      }),
      { numRuns: 8 },
    );
  });

  test('every row of the table is among them', () => {
    expect(Object.keys(rows).sort()).toEqual(Object.keys(gradients).sort());
  });
});
