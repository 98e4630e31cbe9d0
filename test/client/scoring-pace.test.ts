import { ScoringPace } from '../../client/scoring-pace';

const scoring = (done: number, startedAt?: number) =>
  [{ of: 'original', technique: 'spatial-svd', done, total: 10, startedAt }] as const;

it('the pace of scoring is that since it began, or since it was first seen', () => {
  const pace = new ScoringPace();
  expect(pace.left(scoring(0, 1000), 2000)).toEqual({});
  expect(pace.left(scoring(2, 1000), 5000)).toEqual({ 'original/spatial-svd': 16 });
  const later = new ScoringPace();
  expect(later.left(scoring(4), 0)).toEqual({});
  expect(later.left(scoring(5), 3000)).toEqual({ 'original/spatial-svd': 15 });
});
