import { join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { NpyFile, writeNpy } from '../../../engine/data/npy';
import { zeros } from '../../../engine/tensor/tensor';
import { mutateNpy } from '../mutators/arrays';
import { commonSeeds } from '../seeds';
import { type Room, type Target, Violation } from '../target';
import { isEngineError } from './refusals';
import { madeSeeds } from './made-seeds';

function run({ file }: Room): string {
  const array = NpyFile.open(file);
  try {
    const [rows = 1] = array.dims;
    const tensor = array.rows(0, Math.min(rows, 2));
    if (array.dims.some((dim) => !Number.isSafeInteger(dim) || dim < 0))
      throw new Violation('npy with an invalid shape is opened', `shape [${array.dims.join(', ')}]`);
    const read = `read ${tensor.type} of rank ${array.dims.length}`;
    const data = Dataset.open({ images: file });
    try {
      data.slice(0, 2);
    } finally {
      data.close();
    }
    const labelled = Dataset.open({ images: file, labels: file, unknown: -1 });
    try {
      for (const labels of labelled.eachLabels()) void labels;
    } finally {
      labelled.close();
    }
    return read;
  } finally {
    array.close();
  }
}

/** A .npy file: as an array, as images, and as labels. */
export const npy: Target = {
  name: 'npy',
  extension: '.npy',
  seeds: () => [
    ...madeSeeds((folder) => {
      const paths = ['images', 'labels', 'scores'].map((name) => join(folder, `${name}.npy`));
      writeNpy(paths[0], zeros('float32', [4, 3, 5, 5]));
      writeNpy(paths[1], zeros('int64', [4]));
      writeNpy(paths[2], zeros('float32', [4, 3]));
      return paths;
    }),
    ...commonSeeds('npy', '.npy'),
  ],
  mutate: mutateNpy,
  run,
  isRefusal: isEngineError,
};
