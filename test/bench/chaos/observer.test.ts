import { goesOn, type PendingActivity } from '../../../bench/chaos/observer';

const activity = (key: string, changes: Partial<PendingActivity> = {}): PendingActivity => ({
  key,
  started: true,
  attempt: 1,
  pid: 7,
  startedAt: 10,
  heartbeatAt: 20,
  ...changes,
});

describe('activities that a fault has hit', () => {
  const hit = [activity('a'), activity('b')];

  it('go on when each is done or has heartbeated since', () => {
    expect(goesOn(hit, [], 30)).toBe(true);
    expect(goesOn(hit, [activity('b', { attempt: 2, startedAt: 35, heartbeatAt: 40 })], 30)).toBe(true);
  });

  it('do not while one waits, is silent, or has only been given to a worker', () => {
    expect(goesOn(hit, [activity('a')], 30)).toBe(false);
    expect(goesOn(hit, [activity('a', { started: false, heartbeatAt: 40 })], 30)).toBe(false);
    expect(goesOn(hit, [activity('a', { startedAt: 40, heartbeatAt: 40 })], 30)).toBe(false);
  });
});
