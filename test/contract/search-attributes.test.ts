import { attributeKeys, pairsOf } from '../../contract/search-attributes';

describe('search attributes', () => {
  const all = attributeKeys.map(({ name }) => name);
  const named = (pairs: ReturnType<typeof pairsOf>) => pairs.map(({ key, value }) => [key.name, value]);

  it('are those of the values given that the server knows', () => {
    const values = { model: 'resnet', target: 0.5, outcome: undefined };
    expect(named(pairsOf(values, all))).toEqual([
      ['SlimflowModel', 'resnet'],
      ['SlimflowTarget', 0.5],
    ]);
    expect(named(pairsOf(values, ['SlimflowTarget', 'Other']))).toEqual([['SlimflowTarget', 0.5]]);
    expect(pairsOf(values, [])).toEqual([]);
    expect(pairsOf(values)).toEqual([]);
  });

  it('are cut to the length of a keyword, and leave out what is not a number', () => {
    const [[, model], ...rest] = named(pairsOf({ model: 'm'.repeat(999), metric: NaN }, all));
    expect([String(model).length, rest]).toEqual([200, []]);
  });

  it('take no more Double columns than an SQL visibility store has', () =>
    expect(attributeKeys.filter(({ type }) => type === 'DOUBLE')).toHaveLength(3));
});
