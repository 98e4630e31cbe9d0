import { revisit } from '../../../workflows/rules/revisit';
import { candidateWith } from '../../support/candidates';

const targets = [0.5, 0.65, 0.75];
const withDrops = (drops: number[], achieved = targets) =>
  drops.map((drop, i) => candidateWith({ drop, achieved: achieved[i] }));

describe("step 3', revisit", () => {
  it('moves the targets up, t → t + (1−t)/2, when every drop is over budget', () => {
    expect(revisit(withDrops([9, 8, 7]), 0.5, 0.5, targets, targets)).toEqual({
      direction: 'up',
      // 0.5 would move to 0.75, which was tried.
      targets: [0.825, 0.875],
    });
  });

  it('does nothing when one is within budget', () => {
    expect(revisit(withDrops([9, 8, 0.5]), 0.5, 0.5, targets, targets)).toBeUndefined();
  });

  it('moves half-way down to C when all are well within and none is at C', () => {
    const high = [0.7, 0.9];
    expect(revisit(withDrops([0.1, 0], high), 0.5, 0.5, high, high)).toEqual({
      direction: 'down',
      targets: [0.6], // 0.9 would move to 0.7, which was tried
    });
  });

  it('does not move down where a model is at C, or one has lost a quarter of the budget', () => {
    expect(revisit(withDrops([0, 0, 0]), 0.5, 0.5, targets, targets)).toBeUndefined();
    expect(revisit(withDrops([0.125, 0], [0.7, 0.9]), 0.5, 0.5, [0.7, 0.9], [0.7, 0.9])).toBeUndefined();
  });

  it('does not run a target again that is within 0.01 of one tried', () => {
    expect(revisit(withDrops([9], [0.5]), 0.5, 0.5, [0.5], [0.5, 0.74])).toBeUndefined();
    expect(revisit(withDrops([9], [0.5]), 0.5, 0.5, [0.5], [0.5, 0.735])?.targets).toEqual([0.75]);
  });

  it('does nothing without models', () => {
    expect(revisit([], 0.5, 0.5, targets, targets)).toBeUndefined();
  });
});
