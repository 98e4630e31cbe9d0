import type { z } from 'zod';

import { visible } from '../engine/visible';
import { keysAt } from './known-keys';
import { nearestName } from './nearest-name';

/** Advice on fields whose purpose a newcomer may not know. */
const missing: Readonly<Record<string, string>> = {
  'data.test':
    ': the figure at the end needs samples that no decision has seen. With train and val alone, give half of val to each: `range: [0, N/2]` in data.evaluate, `range: [N/2, N]` in data.test, or let `slimflow init job.yaml --model MODEL --data FOLDER` split your images',
  'data.evaluate':
    ': every decision of a run is by its metric on samples that training does not see; `slimflow init job.yaml --model MODEL --data FOLDER` splits one set of images',
};

/** Longest text about one field, in characters. */
const most = 400;

/**
 * Turns a zod issue into a sentence: the field, then what is wrong with it. Names of fields may be anybody's.
 * @param document what the whole is called
 * @param schema by which misspelt names are recognized
 */
export function issueText(issue: z.core.$ZodIssue, document = 'the whole', schema?: z.core.$ZodType): string {
  const text = visible(sentence(issue, document, schema));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function sentence(issue: z.core.$ZodIssue, document: string, schema?: z.core.$ZodType): string {
  const at = field(issue.path) || document;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const names = issue.keys.slice(0, 20).map((key) => field([...issue.path, key]));
      const [key] = issue.keys;
      const meant = schema && nearestName(key, keysAt(schema, issue.path));
      const hint = meant === undefined ? '' : `: did you mean ${field([...issue.path, meant])}?`;
      return `unknown ${names.length > 1 ? 'keys' : 'key'} ${names.join(', ')}${hint}`;
    }
    case 'invalid_type':
      return issue.input === undefined
        ? `${at} is missing${missing[at] ?? ''}`
        : `${at} must be ${article(issue.expected)}`;
    case 'invalid_value':
      return `${at} must be one of ${issue.values.join(', ')}`;
    case 'too_small':
      if (issue.origin !== 'number') return `${at} must have at least ${issue.minimum} entries`;
      return `${at} must be ${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin !== 'number') return `${at} must have at most ${issue.maximum} entries`;
      return `${at} must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}`;
    case 'invalid_union': {
      if ('options' in issue) return `${at} must be one of ${(issue.options as string[]).join(', ')}`;
      const nearest = nearestOption(issue);
      if (nearest) return sentence({ ...nearest, path: [...issue.path, ...nearest.path] }, document, schema);
      return `${at} ${issue.message}`;
    }
    default:
      return `${at} ${issue.message}`;
  }
}

/**
 * Returns the first issue of the alternative that a value comes nearest to: the one with the fewest issues, of those whose
 * kind of value it is. Undefined if the schema has a message of its own.
 */
function nearestOption({ message, errors }: z.core.$ZodIssueInvalidUnion): z.core.$ZodIssue | undefined {
  if (message !== 'Invalid input') return undefined;
  const faults = (issues: readonly z.core.$ZodIssue[]) => issues.reduce((sum, one) => sum + faultsOf(one), 0);
  const isOther = (issues: readonly z.core.$ZodIssue[]) =>
    issues.some(({ code, path }) => !path.length && (code === 'invalid_type' || code === 'invalid_value'));
  const [nearest] = [...errors].sort(
    (a, b) => Number(isOther(a)) - Number(isOther(b)) || faults(a) - faults(b),
  );
  return nearest?.[0];
}

/** Counts the faults of an issue: a value that names none of a union's forms lacks what each of them needs besides. */
function faultsOf(issue: z.core.$ZodIssue): number {
  if (issue.code === 'unrecognized_keys') return issue.keys.length;
  return issue.code === 'invalid_union' && issue.discriminator ? 2 : 1;
}

const field = (path: PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) =>
      typeof key === 'number' ? `${text}[${key}]` : text ? `${text}.${String(key)}` : String(key),
    '',
  );

const kinds = new Map([
  ['int', 'an integer'],
  ['object', 'a mapping'],
  ['array', 'a list'],
  ['tuple', 'a list'],
]);
const article = (type: string): string => kinds.get(type) ?? `a ${type}`;
