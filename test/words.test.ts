import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './support/paths';

/** Rooms and pages whose text is in plain English: all of them. */
const rooms = [
  'README.md',
  'CHANGELOG.md',
  'index.ts',
  'workflow.ts',
  'docs',
  'activities',
  'cli',
  'client',
  'contract',
  'engine',
  'report',
  'web',
  'run-spec',
  'server',
  'store',
  'workers',
  'workflows',
  'bench',
  'scripts',
  'deploy',
  'examples',
  'test',
];

/** Pages and tests that show the words. */
const exempt = ['docs/style.md', 'test/words.test.ts'];

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
  [/\b(undefined|none|nothing|left out|only) where\b/i, 'if'],
  [/\bwhere (no|none|nothing|nobody|no one|neither)\b/i, 'if'],
  [/\bas asked\b/i, 'as requested'],
  [/\bcomes? without\b/i, 'has no'],
  [/\b(goes|go|went|gone|going) by\b/i, 'uses, or follows'],
  [/\belse (the|those|an?)\b/i, 'otherwise, or'],
  [/\bin good order\b/i, 'normally'],
  [
    /\b(ms|steps?|lines?|rows?|seeds?|class|sessions?|labels?|numbers?|scores?|systems?) an? (call|step|layer|line|seed|candidate|batch|pixel|score|image|sample|epoch|group|technique|second)\b/i,
    'per',
  ],
  [/(?<=\/\*\*\s+(\* )?)(What|Whether|How|Where|Which)\b/, 'a verb, or the noun of the thing'],
];

/** Returns `file:line` of each of those words in a text, and what to write instead. */
const complaints = (file: string, text: string): string[] =>
  words.flatMap(([pattern, instead]) =>
    [...text.matchAll(new RegExp(pattern, `${pattern.flags}g`))].map(
      ({ 0: found, index }) =>
        `${file}:${text.slice(0, index).split('\n').length}: "${found}": write ${instead}`,
    ),
  );

/** Kinds of files that people write; folders of what is made or downloaded are left out. */
const written = /\.(md|ts|mjs|js|py|sh|ya?ml|Dockerfile)$/;
const made = /^(node_modules|data|out|proto|\..*)$/;

const filesIn = (path: string): string[] =>
  statSync(join(root, path)).isDirectory()
    ? readdirSync(join(root, path))
        .filter((name) => !made.test(name))
        .flatMap((name) => filesIn(`${path}/${name}`))
    : [path];

it.each(rooms)('%s is in plain English', (room) => {
  const files = filesIn(room).filter((file) => written.test(file) && !exempt.includes(file));
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap((file) => complaints(file, readFileSync(join(root, file), 'utf8')))).toEqual([]);
});

it.each([
  ['befalls', 'What befalls it'],
  ['behind step', 'it stops behind step 3'],
  ['is no ratio', 'It is no ratio.'],
  ['so many', 'so many at most'],
  ['nothing where', 'nothing where it is left out'],
  ['line a layer', 'one line a layer'],
  ['goes by', 'a rule goes by it'],
  ['What', '/** What it does. */'],
  ['Whether', '/**\n * Whether it does,\n * or not.\n */'],
])('finds "%s"', (word, text) => {
  expect(complaints('x', `a line\n${text}`)).toEqual([
    expect.stringMatching(new RegExp(`^x:[23]: "${word}": write `)) as string,
  ]);
});

it.each([
  ['amend; recommended; the constant stands in for it; is not a ratio; behind a proxy; a layer is no longer'],
  ['the place where a run stops; one line per layer; a batch at a time; no one else has it'],
  ['/** Says what it is. */ // What for?'],
])('leaves %j alone', (text) => {
  expect(complaints('x', text)).toEqual([]);
});
