import { chaosTables, median } from '../../../bench/chaos/report';

it('the median is the middle, or lies between the two', () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, undefined]);
});

it('the tables count faults by kind, those that were felt, and say what came out wrong', () => {
  const incident = { fault: 'kill-worker' as const, at: 1, hit: 'worker 7', outage: 0, activities: 1 };
  const run = { name: 'one', selected: 'a', model: 'abc', seconds: [20, 10] as const, again: false };
  const text = chaosTables({
    incidents: [{ ...incident, recovery: 14 }, { ...incident, recovery: 16.04 }, incident],
    compared: [
      { ...run, problems: [] },
      { ...run, again: true, problems: ['a: other'] },
    ],
    room: 'a folder',
  });
  expect(text).toContain('| a worker is killed (SIGKILL) | 3 | 2 | 0.0 | 15.0 | 16.0 |');
  expect(text).not.toContain('Temporal server');
  expect(text).toContain('| one | a | abc | 20 | 10 | equal |');
  expect(text).toContain('| a: other, after the same spec was run again |');
});
