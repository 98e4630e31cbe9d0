import type { Random } from '../../../engine/data/random';
import { mutateBytes, oddNumbers, pick } from './bytes';
import { oddTexts } from './fields';

/** Values at which readers of JSON tend to break. */
export function oddJson(random: Random, depth = 0): unknown {
  return pick<() => unknown>(random, [
    () => null,
    () => random.below(2) === 0,
    () => Number(pick(random, oddNumbers)),
    () => pick(random, [0.5, -0, 1e308, 1e-308, 1.5, -1]),
    () => pick(random, oddTexts),
    () => (depth > 3 ? [] : Array.from({ length: random.below(4) }, () => oddJson(random, depth + 1))),
    () =>
      depth > 3
        ? {}
        : Object.fromEntries(
            Array.from({ length: random.below(4) }, () => [
              pick(random, oddTexts),
              oddJson(random, depth + 1),
            ]),
          ),
  ])();
}

/** Changes one place of a JSON value, on a copy. */
export function mutateJson(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || !random.below(6)) return oddJson(random);
  const keys = Object.keys(value);
  if (!keys.length) return oddJson(random);
  const key = pick(random, keys);
  if (Array.isArray(value)) {
    const copy = value.slice() as unknown[];
    const at = Number(key);
    const choice = random.below(8);
    if (choice === 0) copy.splice(at, 1);
    else if (choice === 1) copy.splice(at, 0, copy[random.below(copy.length)]);
    else copy[at] = mutateJson(copy[at], random);
    return copy;
  }
  const entries = Object.entries(value as Record<string, unknown>);
  const at = keys.indexOf(key);
  const choice = random.below(8);
  if (choice === 0) entries.splice(at, 1);
  else if (choice === 1) entries.push([pick(random, oddTexts), oddJson(random)]);
  else if (choice === 2) entries[at] = [pick(random, oddTexts), entries[at][1]];
  else if (choice === 3) entries[at] = [key, entries[random.below(entries.length)][1]];
  else entries[at] = [key, mutateJson(entries[at][1], random)];
  // Object.fromEntries defines own properties, `__proto__` included, as JSON.parse does.
  return Object.fromEntries(entries);
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Changes a JSON file: mostly a value in it, sometimes its bytes. */
export function mutateJsonFile(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  if (random.below(5))
    try {
      let value: unknown = JSON.parse(decoder.decode(input));
      for (let times = 1 + random.below(3); times > 0; times--) value = mutateJson(value, random);
      return encoder.encode(JSON.stringify(value));
    } catch {
      // It is not JSON any more.
    }
  return mutateBytes(input, random, other);
}

const scalars = [
  '~',
  'null',
  'true',
  '.nan',
  '.inf',
  '-.inf',
  '0x1F',
  '0o17',
  '1e400',
  '1_000',
  '2026-01-01',
  '"\\x00"',
  "''",
  '!!int x',

  '!!binary aGk=',
  '!!set {a}',
  '!!js/function x',
  '&a 1',
  '*a',
  '*data',
  '|',
  '>-',
  '[',
  '{',
  '? x',
  '- 1',
  '...',
  '---',

  '[1, 2]',
  '{a: 1}',
  '<<',
  '__proto__',
  'constructor',
  '@',
  '`',
  '%YAML 1.2',
  '# x',
  '\t',
  '"\\ud800"',
  '0.5',
  '1',
  '-1',
];

type LineChange = (lines: string[], at: number, random: Random) => void;

const lineChanges: readonly LineChange[] = [
  (lines, at) => void lines.splice(at, 1),
  (lines, at, random) => void lines.splice(random.below(lines.length), 0, lines[at]),
  (lines, at, random) => (lines[at] = lines[at].replace(/:.*$/, () => `: ${pick(random, scalars)}`)),
  (lines, at, random) => (lines[at] = lines[at].replace(/:.*$/, () => `: ${pick(random, oddNumbers)}`)),
  (lines, at, random) =>
    (lines[at] = lines[at].replace(/[\w]+(?=:)/, () => pick(random, [...scalars, ...oddTexts]))),
  (lines, at, random) => (lines[at] = ' '.repeat(random.below(9)) + lines[at].trimStart()),
  (lines, at, random) =>
    void lines.splice(
      at,
      0,
      `${' '.repeat(random.below(5))}${pick(random, scalars)}: ${pick(random, scalars)}`,
    ),
  // uncommented
  (lines, at) => (lines[at] = lines[at].replace('# ', '')),
  // aliases within aliases
  (lines, at, random) => {
    const [levels, wide] = [2 + random.below(8), 2 + random.below(9)];
    const bomb = Array.from({ length: levels }, (_, level) =>
      level
        ? `b${level}: &b${level} [${Array(wide)
            .fill(`*b${level - 1}`)
            .join(', ')}]`
        : `b0: &b0 [x, x]`,
    );
    lines.splice(at, 0, ...bomb);
  },
  (lines, at, random) => (lines[at] += `: ${'[{'.repeat(1 << random.below(random.below(8) ? 6 : 12))}`),
  (lines, at, random) => void lines.splice(at, 0, `<<: [${Array(random.below(5)).fill('*data').join(', ')}]`),
];

/** Changes a YAML file line by line, by YAML's grammar; sometimes its bytes. */
export function mutateYaml(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  if (!random.below(6)) return mutateBytes(input, random, other);
  const lines = decoder.decode(input).split('\n');
  for (let times = 1 + random.below(4); times > 0 && lines.length; times--)
    pick(random, lineChanges)(lines, random.below(lines.length), random);
  return encoder.encode(lines.join('\n').slice(0, 65536));
}
