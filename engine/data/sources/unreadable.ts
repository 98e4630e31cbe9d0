import { EngineError } from '../../errors';

/** Words of libraries that tell a reader nothing. */
const raw = /\bundefined\b|\bnull\b|\bNaN\b|\[object|invalid (typed )?array|buffer|offset/i;
/** Errors of JavaScript itself: a library has stumbled over what it did not expect. */
const stumbles = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'];
const isCut = /unexpected end|premature close|cut short|end of (file|data)/i;

/**
 * Makes the refusal of a file out of whatever went wrong in reading it: an error of ours stays as it is, those of libraries say
 * that it ends too early or is broken, in plain words.
 * @param name of the file, or of its member
 */
export function unreadable(name: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { name: kind, message } = error as Error;
  const why = isCut.test(message)
    ? 'is cut short'
    : stumbles.includes(kind) || raw.test(message)
      ? "can't be read: it is broken, or of a version that is not read"
      : `can't be read: ${message}`;
  return new EngineError('InvalidData', `${name} ${why}`);
}

/** Parses the JSON of a file, or of its member. @throws EngineError `InvalidData` that says where it is wrong */
export function parsedJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [, at] = /position (\d+)/.exec((error as Error).message) ?? [];
    const where = at === undefined ? '' : ` at character ${Number(at) + 1}`;
    throw new EngineError('InvalidData', `${name} is not valid JSON${where}`);
  }
}
