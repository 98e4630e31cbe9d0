import { failureOf, handedBack, retryDelay, setbackFailure } from '../../activities/failures';
import { limits, none, setbacksBefore } from '../../activities/setbacks';
import { EngineError } from '../../engine/errors';
import { JobProcessError } from '../../engine/pools/process-error';

const tried = { key: 'k', attempt: 2, setbacks: none };

describe('failures of work', () => {
  const crash = new JobProcessError(
    'Crashed',
    'native code crashed in scoreLayer of c1, exit signal SIGSEGV',
  );
  const shortage = new JobProcessError('OutOfMemory', 'fineTune took 9.0 GiB of memory');

  it.each([
    ['crashed', crash, 'NativeCrash'],
    ['stalled', new JobProcessError('Stalled', 'evaluate hangs'), 'Stalled'],
    ['outOfMemory', shortage, 'OutOfMemory'],
    ['outOfMemory', new EngineError('UnsupportedModel', 'no session: std::bad_alloc'), 'OutOfMemory'],
    ['outOfMemory', new RangeError('Array buffer allocation failed'), 'OutOfMemory'],
  ] as const)('is tried again where it %s, until it did so too often', (setback, error, type) => {
    const before = { ...none, [setback]: limits[setback] - 1 };
    expect(failureOf(error, { ...tried, setbacks: before })).toMatchObject({
      type,
      message: error.message,
      nonRetryable: false,
      nextRetryDelay: retryDelay(tried),
    });
    const last = failureOf(error, { ...tried, setbacks: { ...none, [setback]: limits[setback] } });
    expect(last).toMatchObject({ type, nonRetryable: true });
    expect(last.message).toMatch(new RegExp(`^${error.message}. It `));
  });

  it('goes to the queue for large work at once where there is one', () => {
    const setbacks = { ...none, outOfMemory: 1 };
    expect(failureOf(shortage, { ...tried, setbacks, overflow: true })).toMatchObject({
      nonRetryable: true,
      details: [{ queue: 'large' }],
    });
  });

  it('is given up where too many workers were lost over it', () => {
    const failure = setbackFailure('lost', undefined, { ...tried, setbacks: { ...none, lost: 10 } });
    expect(failure).toMatchObject({ type: 'WorkersLost', nonRetryable: true });
    expect(failure.message).toMatch(/^10 workers in a row ended while they were at it/);
  });

  it('is handed back to be tried again at once', () =>
    expect(handedBack('m')).toMatchObject({
      type: 'WorkerShutdown',
      nonRetryable: false,
      nextRetryDelay: 100,
    }));
});

describe('the delay before the next try', () => {
  it('doubles up to a minute, and is spread over half of it', () => {
    for (const [attempt, whole] of [
      [1, 1000],
      [2, 2000],
      [6, 32_000],
      [7, 60_000],
      [50, 60_000],
    ]) {
      const delays = ['a', 'b', 'c', 'd'].map((key) => retryDelay({ key, attempt }));
      expect(Math.min(...delays)).toBeGreaterThanOrEqual(whole / 2);
      expect(Math.max(...delays)).toBeLessThanOrEqual(whole);
      expect(new Set(delays).size).toBe(4);
    }
  });
});

describe('setbacks of earlier attempts', () => {
  const checkpoint = { uri: 'file:///c', sha256: 'c', bytes: 1 };
  const details = { done: 1, total: 2, note: '', setbacks: { ...none, crashed: 2 } };

  it('is nothing at first', () => expect(setbacksBefore(undefined, 1)).toEqual(none));
  it('is a lost worker where the last attempt did not end', () => {
    expect(setbacksBefore(undefined, 2)).toEqual({ ...none, lost: 1 });
    expect(setbacksBefore(details, 3)).toEqual({ ...none, crashed: 2, lost: 1 });
  });
  it('is what the last attempt said where it ended', () =>
    expect(setbacksBefore({ ...details, over: true }, 3)).toEqual(details.setbacks));
  it('is forgotten where the work got on since', () => {
    expect(setbacksBefore({ ...details, checkpoint, since: 'b' }, 3)).toEqual({ ...none, lost: 1 });
    expect(setbacksBefore({ ...details, checkpoint, since: 'c' }, 3)).toMatchObject({ crashed: 2, lost: 1 });
  });
});
