import fc from 'fast-check';

import { canonicalJson, workKey } from '../../store/digest';

const shuffled = (value: unknown): unknown => {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(shuffled);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, shuffled(inner)]),
  );
};

describe('canonical JSON', () => {
  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => canonicalJson(shuffled(value)) === canonicalJson(value)),
    );
  });

  it('takes an artifact for its bytes, wherever it lies', () => {
    const at = (uri: string) => ({ model: { uri, sha256: 'abc', bytes: 1 } });
    expect(canonicalJson(at('file:///a'))).toBe(canonicalJson(at('s3://b/a')));
  });
});

it('work is known by its name, its engine and its input', () => {
  const keys = [
    workKey('a', '1', { x: 1 }),
    workKey('b', '1', { x: 1 }),
    workKey('a', '2', { x: 1 }),
    workKey('a', '1', { x: 2 }),
  ];
  expect(new Set(keys).size).toBe(4);
  expect(workKey('a', '1', { x: 1, y: undefined })).toBe(keys[0]);
});
