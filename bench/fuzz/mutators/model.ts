import { create, fromBinary, toBinary } from '@bufbuild/protobuf';

import type { Random } from '../../../engine/data/random';
import { GraphProtoSchema, ModelProtoSchema } from '../../../engine/onnx/proto/onnx_pb';
import { mutateBytes, pick } from './bytes';
import { mutateField } from './fields';
import { graphChanges } from './graph-changes';
import { weightChanges } from './weight-changes';
import { mutateWire } from './wire';

const changes = [...weightChanges, ...graphChanges];

/** Changes a model where the engine reads it most: shapes, attributes, names, functions, subgraphs, files. */
function aimed(input: Uint8Array, random: Random): Uint8Array | undefined {
  try {
    const model = fromBinary(ModelProtoSchema, input);
    model.graph ??= create(GraphProtoSchema, {});
    const byFields = !random.below(4);
    for (let times = 1 + random.below(3); times > 0; times--)
      if (byFields) mutateField(ModelProtoSchema, model, random);
      else pick(random, changes)(model, random);
    return toBinary(ModelProtoSchema, model);
  } catch {
    return undefined; // the input is not a model any more, or holds what can't be written
  }
}

/** Changes a model: mostly its messages, sometimes the wire format or plain bytes. */
export function mutateModel(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array {
  const choice = random.below(20);
  const changed = choice < 15 ? aimed(input, random) : choice < 18 ? mutateWire(input, random) : undefined;
  return changed ?? mutateBytes(input, random, other);
}
