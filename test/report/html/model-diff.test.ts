import { modelDiff } from '../../../report/html/data/model-diff';
import { modelDiffText } from '../../../report/model-diff';
import { sourcesOf } from '../../support/report-sources';

const { before = [], after = [] } = sourcesOf({ candidates: 1, layers: 3 });
const summary = (layers: typeof before, macs: number) =>
  ({ layers, macs, params: 1000 }) as unknown as Parameters<typeof modelDiff>[0];
// The second layer stays, the third goes, and one comes that nobody knows.
const small = summary([...after.slice(0, 2), before[1], { ...before[2], name: 'new' }], 50);
const diff = modelDiff(summary(before, 100), small);

it('a model is compared with the one that it was made of, layer by layer', () => {
  expect(diff.layers.map(({ name, change }) => [name, change])).toEqual([
    [before[0].name, 'rank 5'],
    [before[1].name, 'unchanged'],
    [before[2].name, 'removed'],
  ]);
  expect(diff).toMatchObject({
    original: { macs: 100, layers: 3 },
    small: { macs: 50, layers: 4 },
    added: ['new'],
  });
});

it('the terminal shows a row per layer, and the totals', () =>
  expect(modelDiffText(diff).split('\n').slice(-4)).toEqual([
    '2 of 3 layers changed: 1 split, 1 removed',
    'MACs 100 → 50 (ratio 0.500)',
    'parameters 1000 → 1000 (ratio 1.000)',
    "layers that come from none of the original's: new",
  ]));
