import { malformed } from '../../../workflows/rules/request';

const by = 'ada';

describe('the shape of a request', () => {
  it.each([
    ['approvePicks', { by }],
    ['approvePicks', { by, note: 'n', picks: ['a', 'b'] }],
    ['approveSelection', { by, candidate: 'a' }],
    ['changeTargets', { by, target: 0.5, tolerance: 0, ssvdTargets: [0.6], ccpFactors: [1, 1.1] }],
    ['addCandidate', { by, technique: 'spatial-svd', asked: 0.5, parent: null }],
    ['skipCandidate', { by, id: 'a' }],
    ['finishEarly', { by, note: undefined }],
  ] as const)('%s takes %j', (name, request) => expect(malformed(name, request)).toBeUndefined());

  it.each([
    ['finishEarly', undefined, 'finishEarly takes one object with the fields by, note'],
    ['finishEarly', ['ada'], 'finishEarly takes one object with the fields by, note'],
    ['approvePicks', { by, pick: ['a'] }, 'approvePicks has no field pick; it has by, note, picks'],
    ['finishEarly', { note: 'n' }, 'by must be text of 1 to 100 characters'],
    ['finishEarly', { by: ' ' }, 'by must be text of 1 to 100 characters'],
    ['finishEarly', { by, note: 'n'.repeat(301) }, 'note must be text of 1 to 300 characters'],
    ['approvePicks', { by, picks: [] }, 'picks must be a list of one candidate or more, none of them twice'],
    [
      'approvePicks',
      { by, picks: ['a', 'a'] },
      'picks must be a list of one candidate or more, none of them twice',
    ],
    ['approvePicks', { by, picks: 'a' }, 'picks must be a list of one candidate or more, none of them twice'],
    ['changeTargets', { by, target: 0 }, 'target must be a number above 0 and below 1'],
    ['changeTargets', { by, target: 1 }, 'target must be a number above 0 and below 1'],
    ['changeTargets', { by, target: '0.5' }, 'target must be a number above 0 and below 1'],
    ['changeTargets', { by, tolerance: -1 }, 'tolerance must be a number of points, 0 or more'],
    [
      'changeTargets',
      { by, ssvdTargets: [1.1] },
      'ssvdTargets must be a list of different numbers above 0 and below 1',
    ],
    ['changeTargets', { by, ccpFactors: [1, 1] }, 'ccpFactors must be a list of different numbers above 0'],
    [
      'addCandidate',
      { by, technique: 'spatial-svd', asked: 1, parent: null },
      'asked must be a number above 0 and below 1',
    ],
    [
      'addCandidate',
      { by, technique: 'spatial-svd', asked: 0.5 },
      'parent must be a candidate, or null for the original',
    ],
    ['skipCandidate', { by, id: 3 }, 'id must be text of 1 to 200 characters'],
  ] as const)('%s refuses %j', (name, request, reason) => expect(malformed(name, request)).toBe(reason));
});
