import { askedOf, markdown } from '../../workflows/details';

describe("the text in Temporal's UI", () => {
  const row = {
    id: 'ssvd-0.65/cp-0.77',
    technique: 'channel-pruning',
    parent: 'ssvd-0.65',
    round: 0,
    asked: 0.7692,
    workflowId: 'w',
  } as const;

  it('names the stage, the original, the layers scored and every candidate', () => {
    const text = markdown({
      name: 'resnet',
      target: 0.5,
      tolerance: 1,
      cost: 'macs',
      stage: 'channel pruning',
      original: { macs: 31_000_000, params: 270_000, metric: 98 },
      scoring: [{ of: 'ssvd-0.65', technique: 'channel-pruning', done: 3, total: 9 }],
      candidates: [
        {
          ...row,
          status: 'done',
          achieved: 0.5,
          metricBefore: 90,
          metricAfter: 97.5,
          drop: 0.5,
          decision: 'a | b',
        },
      ],
      judgements: [],
      notes: ['a note'],
    });
    expect(text).toContain('Step: **channel pruning**');
    expect(text).toContain('31.00 million MACs');
    expect(text).toContain('3 of 9 layers of ssvd-0.65 scored for channel pruning');
    expect(text).toContain(
      '| ssvd-0.65/cp-0.77 | 0.77 of ssvd-0.65 | 0.500 | 90.00 | 97.50 | 0.50 |  | a \\| b |',
    );
    expect(text).toContain('- a note');
  });

  it('says what a ratio is asked of', () => {
    expect(askedOf(row)).toBe('0.77 of ssvd-0.65');
    expect(askedOf({ asked: 0.5, parent: null })).toBe('0.50');
  });
});
