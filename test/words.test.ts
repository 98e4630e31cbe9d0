import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './support/paths';

/** Rooms and pages whose text has been revised. Add a room here once its comments and messages have been. */
const revised = [
  'README.md',
  'docs',
  'activities',
  'cli',
  'client',
  'contract',
  'report',
  'run-spec',
  'server',
  'store',
  'workers',
  'workflows',
  ...[
    'api',
    'data',
    'linalg',
    'onnx',
    'pools',
    'pruning',
    'ratios',
    'reconstruction',
    'runtime',
    'svd',
    'tensor',
  ].map((room) => `engine/${room}`),
];

/** The page that shows the words, and pages that have not been revised yet. */
const exempt = ['docs/style.md', 'docs/training.md'];

/** Words that make readers stumble, and what to write instead; docs/style.md has more. */
const words: readonly (readonly [found: RegExp, instead: string])[] = [
  [/\bbefall(s|en)?\b|\bbefell\b/i, 'happen to'],
  [/\b(un)?mend(s|ed|ing)?\b/i, 'fix, or regenerate'],
  [/\banew\b/i, 'again, or from scratch'],
  [/\b(told|hears?|heard) of\b/i, 'reported, or found'],
  [/\bapprov(e|es|ed|ing) of\b/i, 'approve, without "of"'],
  [/\b(goes|go|went|going) on from\b/i, 'continue from'],
  [/\b(stands?|stood|standing) in\b(?! for)/i, 'is in, or is recorded in'],
  [/\b(lies?|lay|lying) (in|at|beside)\b/i, 'is in'],
  [
    /\b(is|are) no (ratio|number|numbers|folder|file|files|image|images|layer|list|integer|class)\b/i,
    'must be, or is not',
  ],
  [/\bbehind (each|every|it\b|them\b|step|the (first|last|compression|rank))/i, 'after'],
  [/\bso many\b/i, 'at most n, or maximum number of'],
  [/\bc[ao]me about\b/i, 'could be made'],
  [/\b(is|are|was) nothing (that|which|by)\b/i, 'say who does what'],
];

/** Returns `file:line` of each of those words in a text, and what to write instead. */
const complaints = (file: string, text: string): string[] =>
  text.split('\n').flatMap((line, at) =>
    words.flatMap(([pattern, instead]) => {
      const match = pattern.exec(line);
      return match ? [`${file}:${at + 1}: "${match[0]}": write ${instead}`] : [];
    }),
  );

const filesIn = (path: string): string[] =>
  statSync(join(root, path)).isDirectory()
    ? readdirSync(join(root, path)).flatMap((name) => filesIn(`${path}/${name}`))
    : [path];

it.each(revised)('%s is in plain English', (room) => {
  const files = filesIn(room).filter((file) => /\.(md|ts)$/.test(file) && !exempt.includes(file));
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap((file) => complaints(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

it('the words are found, and their neighbours are not', () => {
  const found = complaints('x', 'What befalls it\nstops behind step 3\nIt is no ratio.\nso many at most');
  expect(found.map((line) => line.split(':')[1])).toEqual(['1', '2', '3', '4']);
  const fine =
    'amend; recommended; the constant stands in for it; is not a ratio; behind a proxy; a layer is no longer';
  expect(complaints('x', fine)).toEqual([]);
});
