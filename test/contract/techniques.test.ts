import { prefixOf } from '../../contract/techniques';
import { techniques } from '../../engine/names';

describe("candidates' names", () => {
  it('tell techniques apart', () => {
    const prefixes = techniques.map((technique) => prefixOf(technique));
    expect(prefixes).toEqual(['ssvd', 'wsvd', 'cp']);
    expect(new Set(prefixes).size).toBe(techniques.length);
  });

  it('begin with the candidate that they are made of', () => {
    expect(prefixOf('channel-pruning', 'ssvd-0.65')).toBe('ssvd-0.65/cp');
  });
});
