import { be, type Check, isNumber, isText, optional, ratio, text } from '../../contract/checks';
import { visible } from '../../engine/visible';

type Shape = Readonly<Record<string, Check>>;

const isRatio = (value: unknown) => !ratio(value);
const isList = (value: unknown, holds: (entry: unknown) => boolean): value is unknown[] =>
  Array.isArray(value) && value.length > 0 && value.length <= 100 && value.every(holds);
const isDistinct = (value: unknown) => Array.isArray(value) && new Set(value).size === value.length;

const id = text(200);

const person: Shape = { by: text(100), note: optional(text(300)) };

/** The fields of each update; a run takes no others, so that a misspelled one is not lost. */
export const shapes = {
  approvePicks: {
    ...person,
    picks: optional(
      be(
        'be a list of one candidate or more, none of them twice',
        (value) => isList(value, (entry) => isText(entry, 200)) && isDistinct(value),
      ),
    ),
  },
  approveSelection: { ...person, candidate: optional(id) },
  changeTargets: {
    ...person,
    target: optional(ratio),
    tolerance: optional(be('be a number of points, 0 or more', (value) => isNumber(value) && value >= 0)),
    ssvdTargets: optional(
      be(
        'be a list of different numbers above 0 and below 1',
        (value) => isList(value, isRatio) && isDistinct(value),
      ),
    ),
    ccpFactors: optional(
      be(
        'be a list of different numbers above 0',
        (value) => isList(value, (entry) => isNumber(entry) && entry > 0) && isDistinct(value),
      ),
    ),
  },
  addCandidate: {
    ...person,
    technique: text(50),
    asked: ratio,
    parent: be('be a candidate, or null for the original', (value) => value === null || isText(value, 200)),
  },
  skipCandidate: { ...person, id },
  finishEarly: person,
} satisfies Record<string, Shape>;

/** Says in a sentence why a message does not have the shape that its update takes; undefined if it does. */
export function malformed(name: keyof typeof shapes, request: unknown): string | undefined {
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    return `${name} takes one object with the fields ${Object.keys(shapes[name]).join(', ')}`;
  const shape: Shape = shapes[name];
  const unknown = Object.keys(request).filter((field) => !Object.hasOwn(shape, field));
  if (unknown.length)
    return `${name} has no field ${visible(unknown.join(', ').slice(0, 200))}; it has ${Object.keys(shape).join(', ')}`;
  for (const [field, check] of Object.entries(shape)) {
    const fault = check((request as Record<string, unknown>)[field]);
    if (fault) return `${field} must ${fault.must}`;
  }
  return undefined;
}
