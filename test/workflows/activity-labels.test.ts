import { sentences } from '../../workflows/activity-labels';

describe('activities in the Temporal UI', () => {
  const plan = {
    id: 'ssvd-0.65/cp-0.77',
    parent: 'ssvd-0.65',
    technique: 'channel-pruning',
    asked: 0.7692,
  } as const;

  it.each([
    [sentences.analyze('original'), 'Find what can be compressed in the original', 'analyze/original'],
    [
      sentences.evaluate('original', 'top1', 'as it came'),
      'Evaluate the original by top1, as it came',
      'evaluate/original/as-it-came',
    ],
    [
      sentences.scoreLayer('ssvd-0.65', 'channel-pruning', 'blocks.4.c1', 2, 9),
      'Score layer blocks.4.c1 of ssvd-0.65 for channel pruning at 9 ratios',
      'score/ssvd-0.65/channel-pruning/3/blocks.4.c1',
    ],
    [
      sentences.collectScores('original', 'spatial-svd', 1),
      'Collect the scores of 1 layer of the original for spatial SVD',
      'collect-scores/original/spatial-svd',
    ],
    [
      sentences.compress(plan, 'macs', false),
      'Compress ssvd-0.65 to 0.7692 of its MACs by channel pruning',
      'compress/ssvd-0.65/cp-0.77',
    ],
    [
      sentences.compress({ ...plan, parent: null }, 'params', true),
      'Compress the original to 0.7692 of its parameters by channel pruning, fine-tuned after each layer',
      'compress/ssvd-0.65/cp-0.77',
    ],
    [sentences.fineTune('ssvd-0.65', 1), 'Fine-tune ssvd-0.65 for 1 epoch', 'fine-tune/ssvd-0.65'],
    [sentences.latency(9, 50), 'Time the original and 9 candidates in turn, 50 runs each', 'latency'],
    [
      sentences.test('ssvd-0.65', 'top1'),
      'Evaluate ssvd-0.65 by top1 on the test split',
      'evaluate/ssvd-0.65/test-split',
    ],
  ])('%#: %o', (called, summary, activityId) => expect(called).toMatchObject({ summary, activityId }));

  it('have ids of bounded length that differ however long the names of layers are', () => {
    const idOf = (at: number) =>
      sentences.scoreLayer('original', 'spatial-svd', 'x'.repeat(5000), at, 9).activityId;
    expect(idOf(0)).not.toBe(idOf(1));
    expect(idOf(0).length).toBeLessThanOrEqual(200);
  });
});
