import { create, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage, type ReflectList } from '@bufbuild/protobuf/reflect';

import type { Random } from '../../../engine/data/random';
import { oddNumbers, pick } from './bytes';

/*
 * Mutations of fields by reflection: the message stays one that protobuf reads, and any field of any message in it may
 * be missing, repeated, or hold another value of its type.
 */

/** Names and texts at which code that uses them as keys, paths or words tends to break. */
export const oddTexts: readonly string[] = [
  '',
  ' ',
  'constructor',
  '__proto__',
  'toString',
  'hasOwnProperty',
  'length',
  'x',
  'batch',
  '8*batch',
  '../../escape',
  '/etc/passwd',
  'C:\\x',
  '.',
  'a/b',
  '\u0000',
  '\u001b]0;title\u0007',
  '\u202eabc',
  '*',
  '-1',
  'nan',
  '1e999',
  'ai.onnx',
  'com.microsoft',
  'x'.repeat(300),
  '\ud83d\ude00',
  '%s',
  '$&',
  'batch*batch',
  '0*b',
];

const floats = [0, -0, 1, -1, 0.5, 1e-40, 3.4e38, Infinity, -Infinity, NaN, 2 ** 31, 2 ** 63];

/** A random value of a scalar field's type. */
function scalarOf(field: DescField, random: Random): unknown {
  const number = pick(random, oddNumbers);
  if (field.fieldKind === 'enum' || field.enum) return random.below(30);
  switch (field.scalar as number | undefined) {
    case 1: // double
    case 2: // float
      return pick(random, floats);
    case 3: // int64
      return number;
    case 4: // uint64
      return BigInt.asUintN(64, number);
    case 5: // int32
      return Number(BigInt.asIntN(32, number));
    case 9: // string
      return pick(random, oddTexts);
    case 12: // bytes
      return Uint8Array.from({ length: random.below(17) }, () => random.below(256));
    default:
      return undefined;
  }
}

/** Picks a message within a message: itself, or one of any depth. */
function descend(message: ReflectMessage, random: Random): ReflectMessage {
  for (let at = message; ;) {
    const inner = at.fields.flatMap((field): ReflectMessage[] => {
      if (field.fieldKind === 'message' && at.isSet(field)) return [at.get(field)];
      if (field.fieldKind === 'list' && field.listKind === 'message') {
        const list = at.get(field);
        return list.size ? [list.get(random.below(list.size)) as ReflectMessage] : [];
      }
      return [];
    });
    // Leaves are where most of a model is: stopping on the way is rare.
    if (!inner.length || !random.below(5)) return at;
    at = pick(random, inner);
  }
}

function changeList(list: ReflectList, field: DescField & { fieldKind: 'list' }, random: Random): void {
  const at = list.size ? random.below(list.size) : -1;
  const choice = random.below(5);
  if (at >= 0 && choice === 0) {
    const kept = [...list].filter((_, index) => index !== at);
    list.clear();
    kept.forEach((one) => list.add(one));
  } else if (at >= 0 && choice === 1) list.add(list.get(random.below(list.size)));
  else if (at >= 0 && choice === 2) list.set(random.below(list.size), list.get(at));
  else if (field.listKind === 'message') list.add(reflect(field.message, create(field.message)));
  else {
    const value = scalarOf(field, random);
    if (value === undefined) return;
    if (at >= 0 && choice === 3) list.set(at, value);
    else list.add(value);
  }
}

/** Changes one field of a message or of one within it, in place. */
export function mutateField<T extends Message>(schema: DescMessage, message: T, random: Random): void {
  const at = descend(reflect(schema, message, false), random);
  const set = at.fields.filter((field) => at.isSet(field));
  const field = pick(random, random.below(4) && set.length ? set : at.fields);
  if (field.fieldKind === 'list') return changeList(at.get(field), field, random);
  if (field.fieldKind === 'map') return;
  if (!random.below(4)) return at.clear(field);
  if (field.fieldKind === 'message') {
    if (!at.isSet(field)) at.set(field, reflect(field.message, create(field.message)));
    return;
  }
  const value = scalarOf(field, random);
  if (value !== undefined) at.set(field, value);
}
