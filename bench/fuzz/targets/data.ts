import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { Dataset } from '../../../engine/data/dataset';
import { readCocoBoxes } from '../../../engine/data/detection/labels/coco-json';
import { boxRows, placed } from '../../../engine/data/detection/labels/source-boxes';
import { readYoloBoxes } from '../../../engine/data/detection/labels/yolo-text';
import { classesIn, listedImages } from '../../../engine/data/images/label-lists';
import { placementOf } from '../../../engine/data/images/transform';
import { writeSamples } from '../../../engine/data/images/write-samples';
import { cifarFiles } from '../../../engine/data/sources/cifar';
import { idxFile } from '../../../engine/data/sources/idx';
import type { FoundData, SourceKind } from '../../../engine/data/sources/kind';
import { npzFile } from '../../../engine/data/sources/npz';
import { parquetFiles } from '../../../engine/data/sources/parquet';
import { tarShards } from '../../../engine/data/sources/tar-shards';
import { writeCifar, writeIdx, writeNpz } from '../../../test/support/data-files';
import { inParquetProcess } from '../../../test/support/parquet';
import { root } from '../../docs';
import { mutateGzipped, mutateNpz, mutateTar, tarOf } from '../mutators/archives';
import { mutateBytes } from '../mutators/bytes';
import { mutateJsonFile } from '../mutators/text';
import { commonSeeds } from '../seeds';
import { type Room, type Target, type TargetName, Violation } from '../target';
import { isEngineError } from './refusals';
import { madeSeeds } from './made-seeds';

/** Reads a source to its end, as packing does, and opens what was written. */
const packing =
  (kind: SourceKind, settings: Partial<FoundData> = {}) =>
  async ({ file, folder }: Room): Promise<string> => {
    const to = { images: join(folder, 'images.npy'), labels: join(folder, 'labels.npy') };
    try {
      const opened = await kind.open({ ...settings, paths: [file] });
      const { labelled } =
        'copy' in opened
          ? await opened.copy(to)
          : await writeSamples(opened.samples(), to, settings.transform ?? {}, { total: opened.total });
      if (labelled !== existsSync(to.labels))
        throw new Violation('labels that are told and not written', kind.name);
      const data = Dataset.open({ images: to.images, ...(labelled && { labels: to.labels }) });
      try {
        if (opened.total !== undefined && opened.total !== data.length)
          throw new Violation('packed with another number of rows', `${data.length} of ${opened.total}`);
        data.slice(0, Math.min(2, data.length));
        return `packed ${Math.min(data.length, 4)} of rank ${data.shape.length}${labelled ? ', labelled' : ''}`;
      } finally {
        data.close();
      }
    } finally {
      for (const path of [to.images, to.labels, `${to.images}.raw`]) rmSync(path, { force: true });
    }
  };

const pixels = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 37) % 256);
const picture = (name: string): Buffer =>
  readFileSync(join(root, 'test', 'golden', 'engine', 'images', name));

const target = (
  name: TargetName,
  extension: string,
  seeds: (folder: string) => string[],
  more: Pick<Target, 'mutate' | 'run'>,
): Target => ({
  name,
  extension,
  seeds: () => [...madeSeeds(seeds), ...commonSeeds(name, extension)],
  isRefusal: isEngineError,
  ...more,
});

const npz = target(
  'npz',
  '.npz',
  (folder) => {
    const [path, grey] = ['a.npz', 'b.npz'].map((name) => join(folder, name));
    const labels = { type: 'int64', dims: [3], data: BigInt64Array.of(0n, 1n, 2n) } as const;
    writeNpz(path, { images: { type: 'uint8', dims: [3, 4, 4, 3], data: pixels(144) }, labels });
    writeNpz(grey, { x_train: { type: 'uint8', dims: [3, 4, 4], data: pixels(48) }, y_train: labels });
    return [path, grey];
  },
  { mutate: mutateNpz, run: packing(npzFile) },
);

const idx = target(
  'idx',
  '.gz',
  (folder) => {
    const paths = ['a-images-idx3-ubyte', 'b-images-idx3-ubyte.gz'].map((name) => join(folder, name));
    for (const path of paths) writeIdx(path, [3, 4, 4], pixels(48));
    return paths;
  },
  { mutate: mutateGzipped(mutateBytes), run: packing(idxFile) },
);

const cifar = target(
  'cifar',
  '.bin',
  (folder) => {
    const path = join(folder, 'data_batch_1.bin');
    writeCifar(path, [[1], [2]], pixels(2 * 3072));
    return [path];
  },
  { mutate: mutateBytes, run: packing(cifarFiles) },
);

const parquet = target(
  'parquet',
  '.parquet',
  (folder) => {
    const files = [false, true].map((gzip, at) => ({
      path: join(folder, `${at}.parquet`),
      images: ['small.png', 'grey.png'].map((name) => join(root, 'test', 'golden', 'engine', 'images', name)),
      labels: [0, 1],
      struct: !gzip,
      gzip,
    }));
    inParquetProcess({ files, pack: [] });
    return files.map(({ path }) => path);
  },
  { mutate: mutateBytes, run: packing(parquetFiles, { transform: { resize: 4, crop: 4 } }) },
);

const tar = target(
  'tar',
  '.tar',
  (folder) => {
    const path = join(folder, 'a.tar');
    const image = picture('small.png');
    writeFileSync(
      path,
      tarOf([
        ['a.png', image],
        ['a.cls', Buffer.from('1')],
        ['b.png', image],
        ['b.cls', Buffer.from('0')],
        ['b.json', Buffer.from('{}')],
      ]),
    );
    return [path];
  },
  { mutate: mutateTar, run: packing(tarShards, { transform: { resize: 4, crop: 4 } }) },
);

/** COCO's annotations. */
const coco = target(
  'coco',
  '.json',
  (folder) => {
    const path = join(folder, 'boxes.json');
    writeFileSync(
      path,
      JSON.stringify({
        images: [{ id: 3, file_name: 'a.png', width: 64, height: 32 }],
        annotations: [{ id: 1, image_id: 3, category_id: 5, bbox: [1, 2, 3, 4], area: 12, iscrowd: 0 }],
        categories: [
          { id: 5, name: 'cat' },
          { id: 9, name: 'dog' },
        ],
      }),
    );
    return [path];
  },
  {
    mutate: mutateJsonFile,
    run: ({ file }) => {
      const placement = placementOf(64, 32, { letterbox: 32 });
      const { images } = readCocoBoxes(file);
      const { dims } = boxRows(images.map((image) => placed(image, placement)));
      return `read boxes of ${Math.min(images.length, 4)} images, ${Math.min(dims[1], 4)} each`;
    },
  },
);

/** Lists of classes, of images with labels, and of boxes as YOLO has them. */
const lists = target(
  'lists',
  '.txt',
  (folder) =>
    ['cat\ndog\n', 'file,label\na.png,cat\n"b,c.png",dog\n', '0 0.5 0.5 0.2 0.1\n1 0.1 0.1 0.2 0.2\n'].map(
      (text, at) => {
        const path = join(folder, `${at}.txt`);
        writeFileSync(path, text);
        return path;
      },
    ),
  {
    mutate: mutateBytes,
    run: ({ file, folder }) => {
      const done: string[] = [];
      const refusals: Error[] = [];
      const doors: readonly (() => number)[] = [
        () => classesIn(file).length,
        () => listedImages(file, folder, undefined, 'optional').files.length,
        () => readYoloBoxes(dirname(file), [basename(file)]).images[0].boxes.classes.length,
      ];
      for (const [at, door] of doors.entries())
        try {
          done.push(`door ${at} read ${Math.min(door(), 4)}`);
        } catch (error) {
          if (!isEngineError(error as Error)) throw error;
          refusals.push(error as Error);
        }
      if (!done.length) throw refusals[0];
      return done.join(', ');
    },
  },
);

/** Data as people have them. */
export const dataTargets = [npz, idx, cifar, parquet, tar, coco, lists] as const;
