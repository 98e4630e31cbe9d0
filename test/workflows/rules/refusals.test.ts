import { refusals, refuseAny, type Standing } from '../../../workflows/rules/refusals';
import type { CandidateProgress } from '../../../contract/run';

const by = 'ada';
const row = (change: Partial<CandidateProgress>): CandidateProgress => ({
  id: 'ssvd-0.50',
  technique: 'spatial-svd',
  parent: null,
  round: 0,
  asked: 0.5,
  status: 'done',
  workflowId: 'w',
  ...change,
});
const candidates = [
  row({}),
  row({ id: 'ssvd-0.65', asked: 0.65, status: 'running' }),
  row({ id: 'ssvd-0.75', asked: 0.75, status: 'failed', decision: 'failed: it diverged' }),
  row({ id: 'ssvd-0.80', asked: 0.8, status: 'skipped', decision: 'skipped by grace' }),
  row({ id: 'ssvd-0.50/cp-0.90', technique: 'channel-pruning', parent: 'ssvd-0.50', asked: 0.9 }),
];
const standing = (change: Partial<Standing> = {}): Standing => ({
  closed: {},
  targets: { target: 0.5, tolerance: 1, ccpFactors: [1] },
  asked: ['spatial-svd', 'channel-pruning'],
  applicable: ['spatial-svd', 'channel-pruning'],
  candidates,
  approved: {},
  decisions: 0,
  ...change,
});

describe('what a run refuses', () => {
  it.each([
    [undefined, {}, undefined],
    [['ssvd-0.50'], {}, undefined],
    [['ssvd-0.50'], { closed: { picks: 'too late' } }, 'too late'],
    [['x'], {}, /^there is no candidate x; there are ssvd-0.50, /],
    [['x'], { candidates: [] }, 'there is no candidate x yet'],
    [['ssvd-0.50', 'ssvd-0.65'], {}, 'ssvd-0.65 is still being made'],
    [['ssvd-0.75'], {}, 'ssvd-0.75 is of no use: it failed: it diverged'],
    [['ssvd-0.80'], {}, 'ssvd-0.80 is left out: it was skipped by grace'],
    [['ssvd-0.50/cp-0.90'], {}, /can't be picked: channel pruning starts from what SVD made/],
  ])('approving the picks %j: case %#', (picks, change, reason) =>
    expectReason(refusals.approvePicks({ picks, by }, standing(change)), reason),
  );

  it.each([
    [undefined, {}, undefined],
    ['ssvd-0.50/cp-0.90', {}, undefined],
    ['ssvd-0.65', {}, 'ssvd-0.65 is still being made'],
    [undefined, { closed: { selection: 'too late' } }, 'too late'],
  ])('approving the selection %j: case %#', (candidate, change, reason) =>
    expectReason(refusals.approveSelection({ candidate, by }, standing(change)), reason),
  );

  it.each([
    [{ target: 0.6, tolerance: 0, ccpFactors: [2] }, {}, undefined],
    [{}, {}, /^nothing to change: give target, /],
    [{ tolerance: 1 }, { closed: { selection: 'too late' } }, 'too late'],
    [{ ssvdTargets: [0.7] }, { closed: { ssvdTargets: 'planned' } }, 'planned'],
    [{ ccpFactors: [1] }, { closed: { ccpFactors: 'begun' } }, 'begun'],
    [{ ssvdTargets: [0.7, 0.4] }, {}, /must not lie below the target 0.5.*: 0.4 does/],
    [{ target: 0.6, ssvdTargets: [0.6] }, {}, undefined],
    [{ ssvdTargets: [0.4] }, { asked: ['spatial-svd' as const] }, undefined],
    [
      { target: 0.6 },
      { targets: { target: 0.5, tolerance: 1, ccpFactors: [1], ssvdTargets: [0.55] } },
      /target 0.6.*: 0.55 does/,
    ],
    [
      { target: 0.6 },
      {
        targets: { target: 0.5, tolerance: 1, ccpFactors: [1], ssvdTargets: [0.55] },
        closed: { ssvdTargets: 'planned' },
      },
      undefined,
    ],
  ])('changing %j: case %#', (changes, change, reason) =>
    expectReason(refusals.changeTargets({ ...changes, by }, standing(change)), reason),
  );

  const svd = { technique: 'spatial-svd', asked: 0.7, parent: null } as const;
  const pruned = { technique: 'channel-pruning', asked: 0.8, parent: 'ssvd-0.50' } as const;
  it.each([
    [svd, {}, undefined],
    [pruned, {}, undefined],
    [{ ...pruned, parent: null }, {}, undefined],
    [svd, { closed: { candidates: 'not yet' } }, 'not yet'],
    [svd, { closed: { candidates: 'not yet', selection: 'too late' } }, 'too late'],
    [{ ...svd, parent: 'ssvd-0.50' }, {}, 'spatial-svd starts from the original: the parent must be null'],
    [
      { ...svd, technique: 'weight-svd' as const },
      {},
      'the model has no layer that weight-svd can compress; spatial-svd and channel-pruning can be asked for',
    ],
    [{ ...svd, asked: 0.5 }, {}, 'ssvd-0.50 is there already: it is done'],
    [{ ...svd, asked: 0.75 }, {}, /^ssvd-0.75 is there already: it is of no use/],
    [{ ...pruned, asked: 0.9 }, {}, 'ssvd-0.50/cp-0.90 is there already: it is done'],
    [{ ...pruned, parent: 'ssvd-0.65' }, {}, 'ssvd-0.65 is still being made'],
    [{ ...pruned, parent: 'x' }, {}, /^there is no candidate x/],
    [
      svd,
      { candidates: Array.from({ length: 100 }, (_, at) => row({ id: `${at}`, asked: at / 1000 + 0.0001 })) },
      'the run has 100 candidates, which is the most it takes',
    ],
  ])('adding %j: case %#', (asked, change, reason) =>
    expectReason(refusals.addCandidate({ ...asked, by }, standing(change)), reason),
  );

  it.each([
    ['ssvd-0.50', {}, undefined],
    ['ssvd-0.65', {}, undefined],
    ['ssvd-0.75', {}, /^ssvd-0.75 is of no use/],
    ['ssvd-0.80', {}, /^ssvd-0.80 is left out/],
    ['x', {}, /^there is no candidate x/],
    ['ssvd-0.50', { closed: { selection: 'too late' } }, 'too late'],
    [
      'ssvd-0.50',
      { approved: { picks: ['ssvd-0.50'] } },
      /was approved as a pick: approve other picks first/,
    ],
    ['ssvd-0.50', { approved: { picks: ['ssvd-0.50'] }, closed: { picks: 'decided' } }, undefined],
    ['ssvd-0.50', { approved: { candidate: 'ssvd-0.50' } }, /was approved as the result/],
    ['ssvd-0.50', { candidates: [candidates[0], candidates[2]] }, /is the only candidate there is/],
  ])('skipping %s: case %#', (id, change, reason) =>
    expectReason(refusals.skipCandidate({ id, by }, standing(change)), reason),
  );

  it.each([
    [{}, undefined],
    [{ candidates: [candidates[1], candidates[2]] }, /^no candidate is done yet/],
    [{ closed: { candidates: 'finished' } }, 'finished'],
    [{ closed: { selection: 'too late' } }, 'too late'],
  ])('finishing early: case %#', (change, reason) =>
    expectReason(refusals.finishEarly({ by }, standing(change)), reason),
  );

  it('a decision more than a run holds', () => {
    expect(refuseAny(standing({ decisions: 99 }))).toBeUndefined();
    expect(refuseAny(standing({ decisions: 100 }))).toBe(
      'the run holds 100 decisions, which is the most it takes',
    );
  });
});

function expectReason(found: string | undefined, wanted: string | RegExp | undefined): void {
  if (wanted instanceof RegExp) expect(found).toMatch(wanted);
  else expect(found).toBe(wanted);
}
