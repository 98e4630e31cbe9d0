import type { z } from 'zod';

import { visible } from '../engine/visible';

/** Longest text about one field, in characters. */
const most = 400;

/**
 * Turns a zod issue into a sentence: the field, then what is wrong with it. Names of fields may be anybody's.
 * @param document what the whole is called
 */
export function issueText(issue: z.core.$ZodIssue, document = 'the whole'): string {
  const text = visible(sentence(issue, document));
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function sentence(issue: z.core.$ZodIssue, document: string): string {
  const at = field(issue.path) || document;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const names = issue.keys.slice(0, 20).map((key) => field([...issue.path, key]));
      return `unknown ${names.length > 1 ? 'keys' : 'key'} ${names.join(', ')}`;
    }
    case 'invalid_type':
      return issue.input === undefined ? `${at} is missing` : `${at} must be ${article(issue.expected)}`;
    case 'invalid_value':
      return `${at} must be one of ${issue.values.join(', ')}`;
    case 'too_small':
      if (issue.origin !== 'number') return `${at} must have at least ${issue.minimum} entries`;
      return `${at} must be ${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin !== 'number') return `${at} must have at most ${issue.maximum} entries`;
      return `${at} must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}`;
    default:
      return `${at} ${issue.message}`;
  }
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
