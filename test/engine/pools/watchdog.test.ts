import { Watchdog } from '../../../engine/pools/watchdog';

const minute = 60_000;

describe('the watchdog', () => {
  it('gives the first unit an hour', () => {
    const dog = new Watchdog();
    expect(dog.elapsed(60 * minute)).toBeUndefined();
    expect(dog.elapsed(1)).toBe('nothing finished in the first 3600 s');
  });

  it('gives the others what the longest took, twenty times', () => {
    const dog = new Watchdog();
    dog.elapsed(minute);
    dog.progress(1);
    dog.elapsed(1000);
    dog.progress(2);
    expect(dog.elapsed(20 * minute)).toBeUndefined();
    expect(dog.elapsed(1000)).toBe('nothing finished for 1201 s, when the longest step so far took 60 s');
  });

  it('gives short units five minutes', () => {
    const dog = new Watchdog();
    dog.progress(1);
    expect(dog.elapsed(5 * minute)).toBeUndefined();
    expect(dog.elapsed(1)).toMatch(/^nothing finished for 300 s/);
  });

  it('does not take the same number again for progress', () => {
    const dog = new Watchdog();
    dog.progress(1);
    dog.elapsed(4 * minute);
    dog.progress(1);
    expect(dog.elapsed(2 * minute)).toBeDefined();
  });
});
