import { fromBinary, type DescMessage, toBinary } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';

import { ModelProtoSchema } from '../../engine/onnx/proto/onnx_pb';
import type { Target } from './target';

/** Yields copies of bytes with a part left out, the largest parts first. */
function* shorterBytes(input: Uint8Array): Generator<Uint8Array> {
  for (let size = input.length >> 1; size >= 1; size >>= 1)
    for (let at = 0; at + size <= input.length; at += size) {
      const out = new Uint8Array(input.length - size);
      out.set(input.subarray(0, at));
      out.set(input.subarray(at + size), at);
      yield out;
    }
}

/** Yields models with one field, or one element of a list, left out; those high up in the tree first. */
function* smallerModels(input: Uint8Array): Generator<Uint8Array> {
  const schema: DescMessage = ModelProtoSchema;
  const model = fromBinary(ModelProtoSchema, input);
  const level: ReflectMessage[] = [reflect(schema, model, false)];
  while (level.length) {
    const at = level.shift()!;
    for (const field of at.fields) {
      if (!at.isSet(field)) continue;
      if (field.fieldKind === 'list') {
        const list = at.get(field);
        const all = [...list];
        for (let index = all.length - 1; index >= 0; index--) {
          list.clear();
          all.filter((_, other) => other !== index).forEach((one) => list.add(one));
          yield toBinary(ModelProtoSchema, model);
        }
        list.clear();
        all.forEach((one) => list.add(one));
        if (field.listKind === 'message') level.push(...([...list] as ReflectMessage[]));
      } else {
        const value = at.get(field);
        at.clear(field);
        yield toBinary(ModelProtoSchema, model);
        at.set(field, value);
        if (field.fieldKind === 'message') level.push(at.get(field));
      }
    }
  }
}

/**
 * Makes an input smaller as long as it stays the same find.
 * @param isSame runs an input; true if it is the find still
 * @param most runs
 */
export async function reduced(
  target: Target,
  input: Uint8Array,
  isSame: (input: Uint8Array) => Promise<boolean>,
  most: number,
): Promise<Uint8Array> {
  let [best, runs] = [input, 0];
  const ways = target.extension === '.onnx' ? [smallerModels, shorterBytes] : [shorterBytes];
  for (const way of ways)
    for (let progress = true; progress && runs < most;) {
      progress = false;
      try {
        for (const candidate of way(best)) {
          if (++runs > most) break;
          if (candidate.length >= best.length || !(await isSame(candidate))) continue;
          best = candidate;
          progress = true;
          break;
        }
      } catch {
        break; // it is not a model, or holds what can't be written again
      }
    }
  return best;
}
