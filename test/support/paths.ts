import { dirname, join } from 'node:path';

import type { DatasetSource } from '../../engine/data/source';

/** The package's root; tests run from dist/test/support. */
export const root = dirname(dirname(dirname(__dirname)));
export const golden = (...path: string[]) => join(root, 'test', 'golden', ...path);
export const digitsModel = (name: '' | 'bn.' | 'dynamo.' = '') =>
  join(root, 'examples', 'digits', `resnet20-digits.${name}onnx`);

/** Rows of the digits data set, which jest's global set-up has prepared. */
export const digits = (first: number, end: number): DatasetSource => ({
  images: join(root, 'examples', 'digits', 'data', 'images.npy'),
  labels: join(root, 'examples', 'digits', 'data', 'labels.npy'),
  range: [first, end],
});
