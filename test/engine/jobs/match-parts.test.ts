import type { Part } from '../../../engine/jobs/compressor';
import { foundAgain } from '../../../engine/jobs/match-parts';
import { layersOf } from '../../../engine/onnx/layers';
import { tinyNetwork } from '../../support/tiny';

const layers = new Map(layersOf(tinyNetwork()).map((layer) => [layer.name, layer]));
const part = (name: string, of: string[], full = 8): Part => ({
  name,
  full,
  most: full - 1,
  unitsAtOne: full,
  layers: of.map((layer) => layers.get(layer)!),
});

describe('a part in a model in which others were compressed', () => {
  it('is known by its layers, whatever it is called there', () => {
    const original = [part('c2', ['c1', 'c2']), part('c3[0-7]', ['c2', 'c3'])];
    const current = [part('c2.horizontal', ['c1']), part('c3[0-3]', ['c3', 'c2'])];
    expect(foundAgain(original, [4, 4], current, new Set([0]))).toEqual([undefined, current[1]]);
  });

  it('is known by its place among those of the same layers', () => {
    const original = ['a', 'b', 'c'].map((name) => part(name, ['c1', 'c2']));
    const current = [part('x', ['c1', 'c2'], 4), part('y', ['c1', 'c2']), part('z', ['c1', 'c2'])];
    expect(foundAgain(original, [4, 4, 4], current, new Set([0]))).toEqual([
      undefined,
      current[1],
      current[2],
    ]);
    // One left with a single channel is no part any more.
    expect(foundAgain(original, [1, 4, 4], current.slice(1), new Set([0]))).toEqual([
      undefined,
      current[1],
      current[2],
    ]);
  });

  it('is not guessed where they are not as many, or it has other units', () => {
    const original = ['a', 'b'].map((name) => part(name, ['c1', 'c2']));
    const current = [part('x', ['c1', 'c2'])];
    expect(foundAgain(original, [4, 4], current, new Set([0]))).toEqual([undefined, undefined]);
    expect(foundAgain(original.slice(1), [4], [part('x', ['c1', 'c2'], 7)], new Set())).toEqual([undefined]);
  });
});
