import { csvTables, csvText } from '../../../report/html/csv-files';
import { reportData } from '../../../report/html/data/report-data';
import { sourcesOf } from '../../support/report-sources';

const sources = sourcesOf({ candidates: 4, layers: 3 });
const tables = new Map(csvTables(reportData(sources)).map((table) => [table.name, table]));

it('has a table for each kind of data', () =>
  expect([...tables.keys()]).toEqual([
    'figures',
    'front',
    'candidates',
    'timeline',
    'layers',
    'scores',
    'training',
    'training-curves',
    'classes',
    'confusion',
    'flips',
    'files',
  ]));

it('has the figures of the result in full', () => {
  const { candidates } = sources.result;
  const rows = tables.get('front')!.rows.slice(1);
  expect(rows).toMatchObject(
    candidates.map(({ id, macs, params, metricBefore, metricAfter }) => ({
      id,
      macs,
      params,
      before: metricBefore,
      after: metricAfter,
    })),
  );
});

it('quotes what would end a cell, and keeps spreadsheets from running texts', () =>
  expect(
    csvText({ name: 'one', rows: [{ a: 'x,"y"\nz', b: -1 }, { b: 2, c: '=SUM(A1)' }, { c: '@now' }] }),
  ).toBe('a,b,c\r\n"x,""y""\nz",-1,\r\n,2,\'=SUM(A1)\r\n,,\'@now\r\n'));
