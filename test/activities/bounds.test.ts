import { boundedDetails, boundedNotes, pageOf, thinned } from '../../activities/bounds';

describe('what activities answer is bounded', () => {
  it('notes in number and length', () => {
    expect(boundedNotes(['one', 'two'])).toEqual(['one', 'two']);
    const notes = boundedNotes(Array.from({ length: 1000 }, (_, i) => `${i} ${'x'.repeat(1000)}`));
    expect(notes).toHaveLength(30);
    expect(Math.max(...notes.map(({ length }) => length))).toBe(400);
    expect(notes.at(-1)).toBe('and 971 more notes');
  });

  it('pages of names in number and bytes, with one name at least', () => {
    expect(pageOf(['a', 'b', 'c'], 2)).toEqual(['a', 'b']);
    expect(pageOf([], 2)).toEqual([]);
    expect(pageOf(Array<string>(100).fill('n'.repeat(30_000)), 100)).toHaveLength(2);
    expect(pageOf(Array<string>(2).fill('n'.repeat(100_000)), 100)).toHaveLength(1);
  });

  it('details of a metric, by shortening their lists', () => {
    const details = { map: 41.23456, classes: [{ class: 0, ap: 1 / 3 }] };
    expect(boundedDetails(details)).toEqual({ map: 41.2346, classes: [{ class: 0, ap: 0.3333 }] });
    const many = { map: 41, classes: Array.from({ length: 1203 }, (_, at) => ({ class: at, ap: at / 7 })) };
    const cut = boundedDetails(many) as typeof many & { shortened: boolean };
    expect(cut).toMatchObject({ map: 41, shortened: true });
    expect(cut.classes.length).toBeGreaterThan(50);
    expect(JSON.stringify(cut).length).toBeLessThan(4200);
    expect(boundedDetails({ text: 'x'.repeat(9000) })).toEqual({ shortened: true });
  });

  it('curves, by leaving out what lies between', () => {
    expect(thinned([1, 2, 3], 3)).toEqual([1, 2, 3]);
    expect(thinned([0, 1, 2, 3, 4, 5, 6], 3)).toEqual([0, 3, 6]);
  });
});
