import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { packImages } from '../../../../engine/data/images/pack-images';
import { packData } from '../../../../engine/data/sources/pack-data';
import type { UserData } from '../../../../engine/data/sources/user-data';
import { writeTar } from '../../../support/data-files';
import { temporaryFolder } from '../../../support/folder';
import { cacheIn, imageFolders } from '../../../support/image-folders';
import { inParquetProcess } from '../../../support/parquet';

const folder = temporaryFolder();
cacheIn(join(folder, 'cache'));
const at = (...names: string[]) => join(folder, ...names);
const classes = ['ape', 'bee', 'cat'];
const transform = { resize: 9, crop: [8, 7] } as const;
let paths: string[];
/** A label for each image. */
const labels = [2, 0, 1, 1, 0, 2];
/** What `pack` writes of the images: a square, and their labels. */
const square = { resize: 9, crop: 8, channels: 'rgb' } as const;
const expected = { images: at('x.npy'), labels: at('y.npy') };
beforeAll(async () => {
  paths = await imageFolders(at('photos'), ['all'], 6, (n) => [9 + n, 14 - n]);
  const files = paths.map((path, n) => ({ path, label: labels[n] }));
  await packImages(files, expected, { ...square, size: 8 });
});

const bytes = ({ images, labels: own }: { images: string; labels?: string }) => [
  readFileSync(images),
  own === undefined ? undefined : readFileSync(own),
];

const members = (from: number, end: number, labelled: (n: number) => Record<string, string>) =>
  Object.fromEntries(
    paths
      .slice(from, end)
      .flatMap((path, n) => [
        [`some/k${from + n}.${path.split('.').pop()!}`, readFileSync(path)],
        ...Object.entries(labelled(from + n)).map(([extension, text]) => [
          `some/k${from + n}.${extension}`,
          text,
        ]),
        [`some/k${from + n}.txt`, 'a caption'],
      ]),
  ) as Record<string, string | Buffer>;

describe('tar files', () => {
  const packed = async (data: UserData) => (await packData({ train: data })).train;
  const refused = (data: UserData) => expect(packed(data)).rejects;

  it('are packed to the bytes that `pack` makes of their images, from several files, compressed or not', async () => {
    await writeTar(
      at('t-0.tar'),
      members(0, 4, (n) => ({ cls: `${labels[n]}\n` })),
    );
    await writeTar(
      at('t-1.tar'),
      members(4, 6, (n) => ({ cls: String(labels[n]) })),
    );
    await writeTar(
      at('all.tgz'),
      members(0, 6, (n) => ({ json: JSON.stringify({ id: n, label: classes[labels[n]] }) })),
    );
    expect(bytes(await packed({ images: at('t-{0..1}.tar'), transform: square }))).toEqual(bytes(expected));
    expect(bytes(await packed({ images: at('t-*.tar'), transform: square }))).toEqual(bytes(expected));
    const named = { images: at('all.tgz'), classes, transform: square };
    expect(bytes(await packed(named))).toEqual(bytes(expected));
    const ids = await packed({ images: at('all.tgz'), columns: { label: 'json.id' }, transform: square });
    expect(readFileSync(ids.labels!).subarray(-24)).toEqual(
      Buffer.from(Int32Array.of(0, 1, 2, 3, 4, 5).buffer),
    );
  });

  it('may have no labels, but not only some', async () => {
    await writeTar(
      at('none.tar'),
      members(0, 2, () => ({ json: '{"caption":"x"}' })),
    );
    expect((await packed({ images: at('none.tar'), transform })).labels).toBeUndefined();
    await writeTar(
      at('some.tar'),
      members(0, 3, (n): Record<string, string> => (n === 1 ? {} : { cls: '1' })),
    );
    await refused({ images: at('some.tar'), transform }).toThrow(
      /k1\.png has no label, but other samples have one/,
    );
  });

  it('are refused with the member and the fix if something is wrong with them', async () => {
    await writeTar(
      at('names.tar'),
      members(0, 1, () => ({ cls: 'ape' })),
    );
    await refused({ images: at('names.tar'), transform }).toThrow(
      /names\.tar some.k0\.cls has the label 'ape', which is a name: set classes/,
    );
    await refused({ images: at('all.tgz'), columns: { label: 'json.class' }, transform }).toThrow(
      /k0\.json has no field class; it has id, label: set columns\.label to json\.FIELD/,
    );
    await writeTar(at('text.tar'), { 'a.txt': 'x' });
    await refused({ images: at('text.tar'), transform }).toThrow(/text\.tar has no images: members KEY\.jpg/);
    await writeTar(at('bad.tar'), { 'a.jpg': 'no image' });
    await refused({ images: at('bad.tar') }).toThrow(/^image .*bad\.tar a\.jpg can't be decoded/);
    truncateSync(at('t-1.tar'), 700);
    await refused({ images: at('t-1.tar'), transform }).toThrow(/t-1\.tar is cut short/);
    writeFileSync(at('odd.tar'), Buffer.alloc(2048, 7));
    await refused({ images: at('odd.tar'), transform }).toThrow(/odd\.tar can't be read: /);
  });
});

it('Parquet files are packed to the bytes that `pack` makes of their images, and refused with their columns', () => {
  const file = (path: string, from: number, end: number, more: object = {}) => ({
    path: at(path),
    images: paths.slice(from, end),
    labels: labels.slice(from, end),
    ...more,
  });
  writeFileSync(at('odd.parquet'), 'no parquet');
  const images = at('one.parquet');
  const outcomes = inParquetProcess({
    files: [
      file('one.parquet', 0, 6, { struct: true, group: 4, names: classes }),
      file('s-0.parquet', 0, 2, { gzip: true }),
      file('s-1.parquet', 2, 6, { gzip: true }),
      file('names.parquet', 0, 6, { labels: labels.map((label) => classes[label]), label: 'kind' }),
    ],
    pack: [
      { train: { images, transform: square } },
      { train: { images: at('s-*.parquet'), transform: square } },
      { train: { images: at('names.parquet'), columns: { label: 'kind' }, classes, transform: square } },
      { train: { images, columns: { image: 'photo' } } },
      { train: { images, columns: { image: 'label' }, transform } },
      { train: { images: at('odd.parquet') } },
      { train: { images, transform }, evaluate: { images, classes: ['bee', 'ape', 'cat'], transform } },
    ],
  });
  for (const { train, error } of outcomes.slice(0, 3)) {
    expect(error).toBeUndefined();
    expect(bytes(train)).toEqual(bytes(expected));
  }
  expect(outcomes.slice(3).map(({ error }) => error?.replaceAll(folder, ''))).toEqual([
    expect.stringMatching(
      /one\.parquet has no column photo; it has image, label: set columns\.image to one of them/,
    ),
    expect.stringMatching(/one\.parquet row 0 has no image in column label/),
    expect.stringMatching(/odd\.parquet is not a Parquet file, or is broken/),
    expect.stringMatching(/data\.evaluate and data\.train have different classes \(their order differs\)/),
  ]);
  expect(basename(outcomes[0].train.images)).toBe('images.npy');
});
