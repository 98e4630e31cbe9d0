import { join } from 'node:path';

import { readTensors, writeTensors } from '../../../engine/tensor/safetensors';
import { type ElementType, sizeOf, bytesOf, zeros } from '../../../engine/tensor/tensor';
import { root } from '../../docs';
import { mutateSafetensors } from '../mutators/arrays';
import { commonSeeds, filesIn } from '../seeds';
import { type Room, type Target, Violation } from '../target';
import { madeSeeds } from './made-seeds';
import { isEngineError } from './refusals';

const types: readonly ElementType[] = ['float32', 'float64', 'float16', 'int8', 'uint8', 'int64', 'bool'];

function run({ file }: Room): string {
  const { tensors, metadata } = readTensors(file);
  for (const [name, { type, dims, data }] of tensors) {
    const isShape = dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
    if (!isShape || data.byteLength !== sizeOf(dims) * bytesOf(type))
      throw new Violation('tensor of an invalid shape is read', `${name} of shape [${dims.join(', ')}]`);
  }
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string') throw new Violation('metadata that is not text is read', key);
  return `read ${Math.min(tensors.size, 3)} tensors`;
}

/** A safetensors file: decompositions, goldens, checkpoints. */
export const safetensors: Target = {
  name: 'safetensors',
  extension: '.safetensors',
  seeds: () => [
    ...madeSeeds((folder) => {
      const path = join(folder, 'all.safetensors');
      writeTensors(path, new Map(types.map((type) => [type, zeros(type, [2, 3])])), { format: 'x' });
      return [path];
    }),
    ...filesIn(join(root, 'test', 'golden', 'engine'), '.safetensors'),
    ...commonSeeds('safetensors', '.safetensors'),
  ],
  mutate: mutateSafetensors,
  run,
  isRefusal: isEngineError,
};
