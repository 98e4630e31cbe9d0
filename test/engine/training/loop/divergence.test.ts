import { divergence, finite, goodEvery, steady } from '../../../../engine/training/loop/divergence';

const run = (...parts: [loss: number, steps: number][]) =>
  parts.flatMap(([loss, steps]) => new Array<number>(steps).fill(loss));
const chance = Math.log(10);

describe('divergence', () => {
  test.each<[string, number[], boolean, RegExp | undefined]>([
    ['nothing yet', [], false, undefined],
    ['a loss that falls', run([2, 50], [0.1, 100]), true, undefined],
    ['NaN', [1, NaN], false, /became NaN/],
    ['infinity', [1, Infinity], false, /became Infinity/],
    ['a single bad batch', run([0.5, 60], [20, 1]), false, undefined],
    ['a good model that now guesses', run([0.1, 30], [2.303, 60]), false, /rose from 0\.100 to 2\.303/],
    ['a rise that the end of a cycle makes good', run([0.1, 30], [0.8, 60]), false, undefined],
    ['a broken model on its way', run([4, 60]), false, undefined],
    ['a broken model that ends by guessing', run([2, 30], [2.303, 60]), true, /ended higher than it began/],
    ['a short run that ends by guessing', run([1, 5], [2, 5]), true, /ended higher than it began/],
    ['a run too short to tell', run([1, 4], [2, 4]), true, undefined],
    ['a hard problem that got a little better', run([2, 30], [1.9, 60]), true, undefined],
  ])('%s', (_, losses, over, why) => {
    const found = divergence(losses, { chance }, over);
    if (why) expect(found).toMatch(why);
    else expect(found).toBeUndefined();
  });

  test('a loss with no guessing to compare with has diverged at twice what it began with', () => {
    expect(divergence(run([0.01, 30], [0.019, 60]), {}, false)).toBeUndefined();
    expect(divergence(run([0.01, 30], [0.021, 60]), {}, false)).toMatch(/rose/);
    expect(divergence(run([0.01, 30], [0.012, 60]), {}, true)).toMatch(/ended higher/);
  });
});

describe('steady', () => {
  const noisy = (mean: number, steps: number) =>
    Array.from({ length: steps }, (_, at) => mean + (at % 2 ? 0.1 : -0.1));

  test.each<[string, number[], boolean]>([
    ['no loss yet', [], true],
    ['a loss that falls', run([1, 20], [0.5, 20]), true],
    ['a loss that stays', noisy(0.5, 40), true],
    ['a rise within the noise', [...noisy(0.5, 20), ...noisy(0.55, 20)], true],
    ['a rise out of the noise', [...noisy(0.5, 20), ...noisy(0.7, 20)], false],
    ['a rise of the last few steps', [...noisy(0.5, 6), 1.5, 2.5, 3.5, 4.5], false],
    ['a loss that explodes in its noise', [2, 0.5, 2, 9, 1, 40], false],
    ['a rise long ago', [...noisy(0.1, 40), ...noisy(0.7, 60)], true],
    ['a loss that once was infinite', [0.5, Infinity, 0.5, 0.5], false],
    ['a network that died', run([2, 30], [2.303, 60]), false],
  ])('%s', (_, losses, good) => expect(steady(losses, { chance })).toBe(good));
});

test('states to go back to are an epoch apart, or a twentieth of the run', () => {
  expect(goodEvery(200, 100)).toBe(10);
  expect(goodEvery(1000, 10)).toBe(10);
  expect(goodEvery(5, 5)).toBe(1);
});

test('finite', () => {
  expect(finite(Float32Array.of(1, -2))).toBe(true);
  expect(finite(Float32Array.of(1, NaN))).toBe(false);
  expect(finite(Float32Array.of(-Infinity))).toBe(false);
});
