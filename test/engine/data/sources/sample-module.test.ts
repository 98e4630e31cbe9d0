import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { packImages } from '../../../../engine/data/images/pack-images';
import { loadTraining } from '../../../../run-spec/load';
import { temporaryFolder } from '../../../support/folder';
import { cacheIn, imageFolders } from '../../../support/image-folders';
import { inParquetProcess } from '../../../support/parquet';

const folder = temporaryFolder();
cacheIn(join(folder, 'cache'));
const at = (...names: string[]) => join(folder, ...names);
const transform = { resize: 9, crop: 8 };
const expected = { images: at('x.npy'), labels: at('y.npy') };
beforeAll(async () => {
  const paths = await imageFolders(at('photos'), ['all'], 4, (n) => [9 + n, 12 - n]);
  const files = paths.map((path, label) => ({ path, label }));
  await packImages(files, expected, { resize: 9, size: 8, channels: 'rgb' });
});

/** Writes a module and packs what it yields, twice if told. */
function packed(name: string, code: string, more: object = {}, times = 1) {
  writeFileSync(at(name), code);
  const train = { images: { module: at(name), ...more }, transform };
  return inParquetProcess({ files: [], pack: Array.from({ length: times }, () => ({ train })) });
}

const reading = `
  import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
  export const samples = async function* ({ folder }) {
    appendFileSync(folder + '/runs', 'x');
    for (const [label, name] of readdirSync(folder + '/photos/all').sort().entries())
      yield { image: readFileSync(folder + '/photos/all/' + name), label };
  };`;

it('yields the bytes that `pack` makes of the images, and is read again unless it has a version', () => {
  const [first, second] = packed('data.mjs', reading, { export: 'samples' }, 2);
  expect(first.error).toBeUndefined();
  expect(readFileSync(first.train.images)).toEqual(readFileSync(expected.images));
  expect(readFileSync(first.train.labels!)).toEqual(readFileSync(expected.labels));
  expect(second).toEqual(first);
  expect(readFileSync(at('runs'), 'utf8')).toBe('xx');
  const [third, fourth] = packed('data.mjs', reading, { export: 'samples', version: 3 }, 2);
  expect(fourth).toEqual(third);
  expect(readFileSync(at('runs'), 'utf8')).toBe('xxx');
  expect(readdirSync(at('cache', 'data')).filter((name) => name.startsWith('.'))).toEqual([]);
});

it('takes pixels of any order, and what is wrong is said with the sample or the line', () => {
  const pixels = (shape: string, data = 'Uint8Array.of(1, 2, 3, 4, 5, 6)') =>
    `export default [{ image: { data: ${data}, shape: ${shape} }, label: [1, 0] }];`;
  const outcome = (name: string, code: string, more?: object) => packed(name, code, more)[0].error;
  for (const [name, shape] of Object.entries({ a: '[1, 2, 3]', b: '[3, 1, 2]', c: '[2, 3]' }))
    expect(outcome(`${name}.mjs`, pixels(shape))).toBeUndefined();
  expect(outcome('d.mjs', pixels('[2, 2]'))).toMatch(/d\.mjs sample 0 has 6 pixels for the shape \[2, 2\]/);
  expect(outcome('e.mjs', pixels('[6]', 'Float32Array.of(1)'))).toMatch(/has pixels that are not bytes/);
  expect(outcome('f.mjs', 'export default [1];')).toMatch(/f\.mjs sample 0 has no image; it must be/);
  expect(outcome('g.mjs', 'export default 3;')).toMatch(
    /g\.mjs must export a generator function, or an iterable/,
  );
  expect(outcome('h.mjs', 'const ok = 1;\nexport default [ok;\n')).toMatch(
    /h\.mjs:2 can't be loaded: SyntaxError/,
  );
  expect(outcome('i.mjs', reading, { export: 'train' })).toMatch(/has no export train; it has samples/);
  expect(outcome('j.mjs', 'export default function* () { throw new Error("no disk"); }')).toMatch(
    /j\.mjs failed after 0 samples: Error: no disk/,
  );
});

it('is only taken from the folder of the spec', () => {
  writeFileSync(at('photos', 'job.yaml'), 'data: { train: { images: { module: ../data.mjs } } }');
  expect(() => loadTraining(at('photos', 'job.yaml'))).toThrow(
    /images\.module \.\.\/data\.mjs is not in the folder of the spec/,
  );
});
