import fc from 'fast-check';

import { visible, visibleLines } from '../../engine/visible';

it.each([
  ['\u001b]0;owned\u0007\u001b[2J', '\\u001b]0;owned\\u0007\\u001b[2J'],
  ['conv\u202e1gnp.exe', 'conv\\u202e1gnp.exe'],
  ['a\nb\r\tc', 'a\\u000ab\\u000d\\u0009c'],
  ['\u009b31m', '\\u009b31m'],
  ['\ud800', '\\ud800'],
  ['\u{e0041}', '\\udb40\\udc41'],
  ['слой-1 層 😀 é', 'слой-1 層 😀 é'],
])('%j is shown as %s', (text, shown) => expect(visible(text)).toBe(shown));

it('lines and tabs stay where a text has several', () =>
  expect(visibleLines('a\n\tb\u001bc\r\n')).toBe('a\n\tb\\u001bc\\u000d\n'));

it('what is shown of JSON is the same JSON', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(JSON.parse(visibleLines(JSON.stringify({ [text]: text })))).toEqual({ [text]: text });
    }),
  ));

it('nothing that is shown is a control character, and what is shown is shown as it is', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = visible(text);
      expect(shown).not.toMatch(/[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
      expect(visible(shown)).toBe(shown);
    }),
  ));
