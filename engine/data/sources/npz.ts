import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

import yauzl, { type Entry, type ZipFile } from 'yauzl';

import { EngineError } from '../../errors';
import type { ElementType } from '../../tensor/tensor';
import { checkRoom, writeSamples } from '../images/write-samples';
import { NpyFile, npyLayout, writeNpy } from '../npy';
import { pixelsOfArray } from './array-file';
import { ByteReader } from './byte-reader';
import type { OpenedArrays, SourceKind } from './kind';
import { unreadable } from './unreadable';

/** Arrays that NumPy saved together: copied as they are, or their 8-bit images transformed. */
export const npzFile: SourceKind = {
  name: 'an .npz file',
  reads: ['arrays', 'layout'],
  claims: ([first, ...more]) => !more.length && extname(first).toLowerCase() === '.npz',
  open: async ({ paths: [path], arrays = {}, layout, labels: given, transform }): Promise<OpenedArrays> => {
    const members = await membersOf(path);
    const images = memberNamed(path, members, arrays.images ?? usualImages(path, members), 'images');
    const usual = usualLabels(images.name, members);
    const labels =
      given !== undefined || (arrays.labels ?? usual) === undefined
        ? undefined
        : memberNamed(path, members, (arrays.labels ?? usual)!, 'labels');
    // Grey images without an axis for their channel get one.
    const asTheyAre = transform === undefined && !(images.type === 'uint8' && images.dims.length === 3);
    return {
      files: [path],
      total: images.dims[0],
      ...(asTheyAre && layout === 'NHWC' && { layout }),
      async copy(to, signal) {
        const raw = asTheyAre ? to.images : `${to.images}.raw`;
        await extract(path, images, raw, signal);
        if (!asTheyAre) {
          const pixels = pixelsOfArray(raw, `${path} ${images.name}`, layout);
          await writeSamples(pixels.samples(), { images: to.images }, transform ?? {}, {
            total: pixels.total,
            signal,
          });
          await rm(raw);
        }
        if (labels) await copyLabels(path, labels, to.labels, signal);
        return { labelled: labels !== undefined };
      },
    };
  },
};

/** An array of the file. */
interface Member {
  /** Its name without `.npy`. */
  readonly name: string;
  readonly entry: Entry;
  readonly type: ElementType;
  readonly dims: readonly number[];
}

/** Most arrays that a file may have. */
const mostMembers = 1000;
/** Bytes of a member that are read for its header: NumPy's are some hundred long. */
const headerBytes = 4096;

/** Opens a zip file; entries are read as they are asked for. @throws EngineError `InvalidData` */
async function openZip(path: string): Promise<ZipFile> {
  try {
    return await promisify<string, yauzl.Options, ZipFile>(yauzl.open)(path, {
      lazyEntries: true,
      autoClose: false,
      validateEntrySizes: true,
    });
  } catch (error) {
    throw unreadable(path, error);
  }
}

/** Lists the arrays of a file, with their types and shapes. */
async function membersOf(path: string): Promise<ReadonlyMap<string, Member>> {
  const zip = await openZip(path);
  try {
    const entries = await entriesOf(path, zip);
    const members = new Map<string, Member>();
    for (const entry of entries) {
      const name = entry.fileName.slice(0, -'.npy'.length);
      members.set(name, { name, entry, ...(await layoutOf(path, zip, entry)) });
    }
    return members;
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    zip.close();
  }
}

function entriesOf(path: string, zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const found: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      if (entry.fileName.endsWith('.npy')) found.push(entry);
      if (found.length > mostMembers)
        reject(new EngineError('InvalidData', `${path} has more than ${mostMembers} arrays`));
      else zip.readEntry();
    });
    zip.on('end', () => resolve(found));
    zip.on('error', reject);
    zip.readEntry();
  });
}

const streamOf = (zip: ZipFile, entry: Entry): Promise<Readable> =>
  promisify<Entry, Readable>(zip.openReadStream.bind(zip))(entry);

async function layoutOf(path: string, zip: ZipFile, entry: Entry): Promise<Pick<Member, 'type' | 'dims'>> {
  const name = `${path} ${entry.fileName}`;
  const reader = new ByteReader(name, await streamOf(zip, entry));
  try {
    const head = await reader.read(Math.min(headerBytes, entry.uncompressedSize), 'its header');
    return npyLayout(name, entry.uncompressedSize, (position, bytes) => {
      const part = head.subarray(position, position + bytes.length);
      bytes.set(part);
      return part.length;
    });
  } finally {
    reader.close();
  }
}

function memberNamed(
  path: string,
  members: ReadonlyMap<string, Member>,
  name: string,
  what: 'images' | 'labels',
): Member {
  const member = members.get(name.replace(/\.npy$/, ''));
  if (member) return member;
  throw new EngineError(
    'InvalidData',
    `${path} has no array ${name}; it has ${described(members)}: set arrays.${what} to one of them`,
  );
}

const described = (members: ReadonlyMap<string, Member>): string =>
  [...members.values()]
    .map(({ name, type, dims }) => `${name} (${type} of [${dims.join(', ')}])`)
    .join(', ') || 'none';

/** Names that images usually have. */
const usual = /^(images?|imgs?|x|data|arr_0)$|^x_|^(train|val|test)_(images?|x)$/i;

function usualImages(path: string, members: ReadonlyMap<string, Member>): string {
  const found = [...members.keys()].filter((name) => usual.test(name));
  if (found.length === 1) return found[0];
  throw new EngineError(
    'InvalidData',
    `${path} has ${found.length ? 'several arrays that may be the images' : 'no array with a usual name of images'}: it has ${described(members)}; set arrays: { images: NAME, labels: NAME }`,
  );
}

/** Names of labels that go with the name of images. */
const pairs: readonly (readonly [images: RegExp, labels: string])[] = [
  [/images/, 'labels'],
  [/image/, 'label'],
  [/^x/, 'y'],
  [/^X/, 'y'],
  [/^X/, 'Y'],
  [/x$/, 'y'],
  [/^data$/, 'labels'],
  [/^data$/, 'targets'],
  [/^arr_0$/, 'arr_1'],
];

const usualLabels = (images: string, members: ReadonlyMap<string, Member>): string | undefined =>
  pairs
    .filter(([pattern]) => pattern.test(images))
    .map(([pattern, labels]) => images.replace(pattern, labels))
    .find((name) => name !== images && members.has(name));

/** Copies an array into a file. What it declares to be its size is checked against the disk, and is all that is read. */
async function extract(path: string, { entry }: Member, to: string, signal?: AbortSignal): Promise<void> {
  await checkRoom(to, entry.uncompressedSize);
  const zip = await openZip(path);
  try {
    await pipeline(await streamOf(zip, entry), createWriteStream(to, { flags: 'wx' }), { signal });
  } catch (error) {
    if (signal?.aborted) throw new EngineError('Cancelled', 'packing was stopped', { cause: error });
    throw unreadable(`${path} ${entry.fileName}`, error);
  } finally {
    zip.close();
  }
}

/** Most labels of one number each that are held in memory. */
const mostLabels = 2 ** 28;

/** Copies labels; whole numbers of [N, 1] become [N], as metrics of classes take them. */
async function copyLabels(path: string, member: Member, to: string, signal?: AbortSignal): Promise<void> {
  const [count, width, ...more] = member.dims;
  const isColumn = width === 1 && !more.length && !member.type.startsWith('float') && count <= mostLabels;
  if (!isColumn) return extract(path, member, to, signal);
  const raw = `${to}.raw`;
  await extract(path, member, raw, signal);
  const file = NpyFile.open(raw);
  const { type, data } = file.rows(0, count);
  file.close();
  await rm(raw);
  writeNpy(to, { type, dims: [count], data });
}
