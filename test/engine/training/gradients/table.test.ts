import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { gradients } from '../../../../engine/training/gradients/table';
import { root } from '../../../support/paths';

const room = join(root, 'dist', 'engine', 'training', 'gradients');
const files = readdirSync(room).filter((file) => file.endsWith('.js'));
/** Loads compiled code, in a type that the caller knows. */
const load = (file: string) => jest.requireActual<{ gradients: typeof gradients }>(join(room, file));

// A row that imports the table would be missing from it, silently, for whoever imports that row first.
test.each(files)('the table is whole after importing %s first', (file) => {
  jest.isolateModules(() => {
    load(file);
    expect(Object.keys(load('table.js').gradients)).toEqual(Object.keys(gradients));
  });
});
