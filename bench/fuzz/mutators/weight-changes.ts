import { create } from '@bufbuild/protobuf';

import type { Random } from '../../../engine/data/random';
import {
  StringStringEntryProtoSchema,
  type TensorProto,
  type ValueInfoProto,
} from '../../../engine/onnx/proto/onnx_pb';
import { allTensors } from '../../../engine/onnx/walk';
import { oddNumbers, pick } from './bytes';
import { oddTexts } from './fields';
import { type Change, number } from './model-parts';

const externalData = (tensor: TensorProto, random: Random): void => {
  tensor.dataLocation = 1;
  const location = pick(random, [
    'data.bin',
    'data.bin',
    'link.bin',
    '../data.bin',
    '/etc/passwd',
    'none.bin',
    '.',
    'files.json',
    '',
    'fifo',
  ]);
  const entries: [string, string][] = [
    ['location', location],
    ['offset', random.below(2) ? String(random.below(64)) : String(pick(random, oddNumbers))],
    ['length', random.below(2) ? String(random.below(4096)) : pick(random, oddTexts)],
  ];
  tensor.externalData = entries
    .filter(() => random.below(6))
    .map(([key, value]) => create(StringStringEntryProtoSchema, { key, value: value }));
};

/** Changes of shapes, of weights, and of the files that hold them. */
export const weightChanges: readonly Change[] = [
  // shapes of weights and inputs
  (model, random) => {
    const tensor = pick(random, [...allTensors(model)]) as TensorProto | undefined;
    if (!tensor) return;
    const at = random.below(tensor.dims.length + 1);
    if (random.below(3) && at < tensor.dims.length) tensor.dims[at] = number(random);
    else tensor.dims.splice(at, random.below(2), number(random));
  },
  (model, random) => {
    const value = pick(random, [...model.graph!.input, ...model.graph!.output]) as ValueInfoProto | undefined;
    if (value?.type?.value.case !== 'tensorType') return;
    const dims = value.type.value.value.shape?.dim;
    const dim = dims && pick(random, dims);
    if (!dim) return;
    dim.value = random.below(3)
      ? { case: 'dimValue', value: number(random) }
      : { case: 'dimParam', value: pick(random, oddTexts) };
    if (!random.below(4)) value.type.value.value.elemType = random.below(25);
  },
  // weights that hold less, more, or something else
  (model, random) => {
    const tensor = pick(random, [...allTensors(model)]) as TensorProto | undefined;
    if (!tensor) return;
    if (random.below(2)) tensor.dataType = random.below(26);
    else if (tensor.rawData?.length)
      tensor.rawData = tensor.rawData.slice(0, random.below(tensor.rawData.length));
  },
  // numbers within integer weights: targets of Reshape, axes, counts
  (model, random) => {
    const ints = model.graph!.initializer.filter(
      ({ dataType, rawData }) => dataType === 7 && rawData?.length,
    );
    const tensor = pick(random, ints) as TensorProto | undefined;
    if (!tensor) return;
    const data = new BigInt64Array(
      Uint8Array.from(tensor.rawData).buffer.slice(0, tensor.rawData.length & ~7),
    );
    if (data.length) data[random.below(data.length)] = number(random);
    tensor.rawData = new Uint8Array(data.buffer);
  },
  (model, random) => {
    const tensor = pick(random, [...allTensors(model)]) as TensorProto | undefined;
    if (tensor) externalData(tensor, random);
  },
];
