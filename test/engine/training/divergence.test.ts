import { divergence } from '../../../engine/training/divergence';

const run = (...parts: [loss: number, steps: number][]) =>
  parts.flatMap(([loss, steps]) => new Array<number>(steps).fill(loss));

describe('divergence', () => {
  test.each<[string, number[], boolean, boolean]>([
    ['nothing yet', [], false, false],
    ['a loss that falls', run([2, 50], [0.1, 100]), true, false],
    ['NaN', [1, NaN], false, true],
    ['infinity', [1, Infinity], false, true],
    ['a single bad batch', run([0.5, 60], [20, 1]), false, false],
    ['a good model that now guesses', run([0.1, 30], [2.303, 60]), false, true],
    ['a rise that the end of a cycle mends', run([0.1, 30], [0.8, 60]), false, false],
    ['a broken model on its way', run([4, 60]), false, false],
    ['a broken model that ends by guessing', run([2, 30], [2.303, 60]), true, true],
    ['a hard problem that got a little better', run([2, 30], [1.9, 60]), true, false],
  ])('%s', (_, losses, over, diverged) => expect(divergence(losses, 10, over)).toBe(diverged));
});
