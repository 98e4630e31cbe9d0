import { compressReport } from '../../report/compression';

const report = {
  technique: 'spatial-svd',
  cost: 'macs',
  target: 0.5,
  achieved: 0.499,
  macs: 499,
  macsOriginal: 1000,
  macsElsewhere: 0,
  params: 50,
  paramsOriginal: 100,
  layers: [],
  frozen: [],
  warnings: ['weight w is shared', 'random inputs were used'],
  shortfall: null,
  computedBy: { provider: 'cpu', linearAlgebra: 'LAPACK' },
} as unknown as Parameters<typeof compressReport>[0];

it('the report has all notes, or those that its reader has not seen yet', () => {
  const notes = (said?: ReadonlySet<string>) =>
    compressReport(report, 'small.onnx', said)
      .split('\n')
      .filter((line) => line.startsWith('note: '));
  expect(notes()).toEqual(['note: weight w is shared', 'note: random inputs were used']);
  expect(notes(new Set(['weight w is shared']))).toEqual(['note: random inputs were used']);
});
