import type { RunSources } from '../../../../client/run-sources';
import { comparisonText } from '../../../../report/comparison';
import { comparisonOf } from '../../../../report/html/data/comparison';
import { predictionsOf } from '../../../support/predictions';
import { sourcesOf } from '../../../support/report-sources';

const base = sourcesOf({ candidates: 4, layers: 3 });
/** A run like the others, but for its id, some settings, and the rows that its winner takes for the wrong class. */
function run(digest: string, change: object, wrong: readonly number[], samples = 100): RunSources {
  const { record, result } = base;
  return {
    ...base,
    result: { ...result, workflowId: `slimflow/model/${digest}` },
    record: {
      ...record!,
      input: { ...record!.input, settings: { ...record!.input.settings, ...change } },
    },
    predictions: predictionsOf({ samples, classes: 10, wrongBefore: [], wrongAfter: wrong }),
  };
}
const runs = [run('abcd01', { target: 0.5 }, [1, 2]), run('abcd99', { target: 0.4 }, [2, 3, 7])];

it('names runs as short as tells them apart, and lists the settings that differ', () => {
  const { runs: named, settings } = comparisonOf(runs);
  expect(named.map(({ name }) => name)).toEqual(['model/abcd01', 'model/abcd99']);
  expect(settings).toEqual([{ name: 'target', values: ['0.5', '0.4'] }]);
});

it('compares the predictions of the winners with each other', () => {
  const [{ changes }] = comparisonOf(runs).winners;
  expect(changes).toMatchObject({ samples: 100, before: 98, after: 97, lost: 2, gained: 1, changed: 0 });
  expect(changes.flips.map(({ row, kind }) => [row, kind])).toEqual([
    [3, 'lost'],
    [7, 'lost'],
    [1, 'gained'],
  ]);
});

it('compares the samples that both were asked about, and nothing if the data are others', () => {
  const fewer = run('ef', {}, [1], 50);
  expect(comparisonOf([runs[0], fewer]).winners[0].changes.samples).toBe(50);
  const { record } = runs[1];
  const other = structuredClone(record!.input);
  const { evaluate } = other.data as unknown as { evaluate: { images: { sha256: string } } };
  evaluate.images.sha256 = 'f'.repeat(64);
  const moved = { ...runs[1], record: { ...record!, input: other } };
  expect(comparisonOf([runs[0], moved]).winners).toEqual([]);
});

it('the terminal shows a row per run, the settings, and the flips', () => {
  const text = comparisonText(comparisonOf(runs));
  expect(text).toMatch(/model\/abcd01 +│ selected +│ +0\.5 │ ssvd-0\.50/);
  expect(text).toMatch(/target +│ 0\.5 +│ 0\.4/);
  expect(text).toContain('2 are right only in the first, 1 only in the second');
});
