import { isNativeError } from 'node:util/types';

import { Violation } from './target';
import type { Target } from './target';

/** Outcome of an input: something expected, or a find. */
export type Judgement =
  { readonly kind: 'fine'; readonly signature: string } | { readonly kind: 'find'; readonly find: Find };

/** Something that must not happen. */
export interface Find {
  /** Error class and the top of its stack, or what the watchdog saw: finds of one kind are one find. */
  readonly kind: string;
  readonly message: string;
  readonly stack: string;
}

/** Texts that V8, protobuf, ONNX Runtime and others write for programmers; none belongs into a sentence for users. */
const raw: readonly RegExp[] = [
  /cannot read propert|is not a function|is not iterable|is not defined|is not a constructor/i,
  /invalid (typed )?array (buffer )?length|invalid string length|maximum call stack|array buffer allocation/i,
  /cannot convert|cannot mix bigint|out of bounds|offset is out|must be of type|is out of range/i,
  /illegal tag|premature EOF|invalid (wire type|varint|end group)|invalid UTF|encoded data was not valid/i,
  /\bundefined\b|\[object |\b(takes|has|\[) ?NaN\b/,
  /unexpected (token|end|non-whitespace)/i,
  /onnxruntime_src|ONNXRuntimeError|non-zero status code|std::|bad_alloc|status message/i,
  /\bat (async )?[\w.<>]+ \(|node:internal/,
];

/** Texts of an error or note with what differs from input to input taken out, so that like ones are equal. */
export const shapeOf = (text: string): string =>
  text
    .replace(/unknown keys? .*/g, 'unknown key')
    .replace(/"(?:[^"\\]|\\.)*"|'[^']*'|`[^`]*`/g, '"…"')
    .replace(/\[[^\]]*\]/g, '[…]')
    .replace(/(\/[\w.@~-]+)+/g, '/…')
    .replace(/-?\d[\d.e+-]*/gi, '#')
    .slice(0, 160);

const ownFrame = /dist\/(?!bench\/fuzz|test\/)[\w./-]+\.js/;

/** The function and file at the top of a stack that is the project's own. */
function top(stack: string): string {
  const line = stack.split('\n').find((frame) => ownFrame.test(frame)) ?? stack.split('\n')[1] ?? '';
  const [, name, file] = /at (?:async )?(?:(\S+) )?.*?([\w-]+\.js)/.exec(line) ?? [];
  return [name, file].filter(Boolean).join(' ') || 'unknown place';
}

/** Makes the find for a text of somebody else's in a sentence for users; undefined if it is plain. */
export function rawWords(text: string, where: string): Find | undefined {
  const found = raw.map((pattern) => pattern.exec(text)?.[0]).find((words) => words !== undefined);
  if (found === undefined) return undefined;
  return { kind: `raw words "${found.toLowerCase()}" in ${where}`, message: text, stack: '' };
}

/** Passes an input through a target and judges what comes out. */
export async function judge(target: Target, run: () => Promise<string> | string): Promise<Judgement> {
  try {
    return { kind: 'fine', signature: await run() };
  } catch (thrown) {
    const error = isNativeError(thrown) ? thrown : new Error(`a value was thrown: ${String(thrown)}`);
    const stack = error.stack ?? '';
    if (error instanceof Violation)
      return { kind: 'find', find: { kind: error.kind, message: error.message, stack } };
    if (!target.isRefusal(error)) {
      const kind = `${error.name} in ${top(stack)}: ${shapeOf(error.message).slice(0, 60)}`;
      return { kind: 'find', find: { kind, message: error.message, stack } };
    }
    const cause = isNativeError(error.cause) ? error.cause : undefined;
    // A fault that a last resort put into a sentence is a fault still.
    if (cause?.name === 'TypeError') {
      const kind = `${cause.name} in ${top(cause.stack ?? '')}: ${shapeOf(cause.message).slice(0, 60)}`;
      return { kind: 'find', find: { kind, message: error.message, stack: cause.stack ?? stack } };
    }
    const words = rawWords(error.message, top(cause?.stack ?? stack));
    if (words) return { kind: 'find', find: { ...words, stack: cause?.stack ?? stack } };
    return { kind: 'fine', signature: `refused: ${shapeOf(error.message)}` };
  }
}
