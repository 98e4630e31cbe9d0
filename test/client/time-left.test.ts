import { type Known, secondsLeft } from '../../client/time-left';
import { fakeInput } from '../support/fake-activities';

const row = { technique: 'spatial-svd', parent: null, round: 0, asked: 0.5, workflowId: 'w' } as const;
const piece = (of: string, from: number, to: number, activity = 'fineTune') =>
  ({ of, activity, startedAt: 1000 * from, endedAt: 1000 * to, attempts: 1, outcome: 'done' }) as const;
const known = (change: object = {}): Known => ({
  now: 100_000,
  progress: {
    stage: 'channel pruning',
    scoring: [],
    candidates: [
      { ...row, id: 'a', status: 'done' },
      { ...row, id: 'b', status: 'done' },
      { ...row, id: 'c', parent: 'a', status: 'running' },
    ],
  },
  record: {
    input: fakeInput(),
    pieces: [piece('a', 0, 30), piece('b', 30, 60), piece('c', 90, 100)],
  },
  ...change,
});

describe('the time left of a run', () => {
  it('is that of the candidates in progress, if they take as long as those before', () =>
    expect(secondsLeft(known())).toBe(20));

  it('is shorter if several are made at a time', () => {
    const { progress, record } = known();
    const pieces = [piece('a', 0, 30), piece('b', 0, 30), piece('c', 90, 100)];
    expect(secondsLeft(known({ progress, record: { ...record, pieces } }))).toBe(10);
  });

  it('counts the candidates that channel pruning will add, and the scoring of those they are made from', () => {
    const { progress, record } = known();
    const pieces = [...record.pieces.slice(0, 2), piece('original', 0, 5, 'scoreModel')];
    const candidates = progress.candidates.slice(0, 2);
    const { pick, ccpFactors } = record.input.settings;
    expect(
      secondsLeft(
        known({ progress: { stage: 'pick', scoring: [], candidates }, record: { ...record, pieces } }),
      ),
    ).toBe(pick.maxPicks * (ccpFactors.length * 30 + 5));
  });

  it('is not known before the first candidate is done, nor in the last steps', () => {
    const { progress } = known();
    const candidates = [{ ...row, id: 'c', status: 'running' } as const];
    expect(secondsLeft(known({ progress: { ...progress, candidates } }))).toBeUndefined();
    expect(secondsLeft(known({ progress: { ...progress, stage: 'latency' } }))).toBeUndefined();
  });
});
