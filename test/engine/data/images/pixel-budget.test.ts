import { Budget } from '../../../../engine/data/images/pixel-budget';

it('what is under way stays within the budget; something larger is under way alone', async () => {
  const budget = new Budget(10);
  let [now, most, largest] = [0, 0, 0];
  const sizes = [4, 6, 3, 25, 5, 5, 5, 1, 10, 2];
  await Promise.all(
    sizes.map((size) =>
      budget.spend(size, async () => {
        now += size;
        if (size > 10) largest = now;
        else most = Math.max(most, now);
        await new Promise(setImmediate);
        now -= size;
      }),
    ),
  );
  expect([now, most, largest]).toEqual([0, 10, 25]);
});

it('work that fails gives back what it took', async () => {
  const budget = new Budget(1);
  await expect(budget.spend(1, () => Promise.reject(new Error('damaged')))).rejects.toThrow('damaged');
  expect(await budget.spend(1, () => Promise.resolve('next'))).toBe('next');
});
