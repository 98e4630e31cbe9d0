import { fitting } from '../../activities/fit-selection';

describe('what was chosen by hand', () => {
  const selection = {
    mode: 'optimal',
    monotonic: false,
    ratios: { c1: 0.5, pruned: 0.4 },
    channels: { c1: [0], pruned: [1] },
  } as const;

  it('goes to the techniques that have the names', () => {
    expect(fitting(selection, ['c1', 'c2'], 'spatial-svd')).toEqual({
      ...selection,
      ratios: { c1: 0.5 },
      channels: {},
    });
    expect(fitting(selection, ['pruned'], 'channel-pruning')).toEqual({
      ...selection,
      ratios: { pruned: 0.4 },
      channels: { pruned: [1] },
    });
  });
});
