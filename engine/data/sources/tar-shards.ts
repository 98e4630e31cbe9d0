import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { extract } from 'tar-stream';

import { EngineError } from '../../errors';
import { decodeImage, most } from '../images/read-image';
import { parsedJson, unreadable } from './unreadable';
import type { RawSample } from '../images/write-samples';
import { byteStream } from './byte-reader';
import type { FoundData, OpenedSamples, SourceKind } from './kind';
import { labelOf } from './label-value';

const isTar = (path: string): boolean => /\.(tar|tar\.gz|tgz)$/i.test(path);

/** WebDataset's tar files: the members of a sample follow each other and share a name up to its first dot. */
export const tarShards: SourceKind = {
  name: 'a tar file',
  reads: ['columns', 'classes'],
  claims: (paths) => paths.every(isTar) || (paths.length === 1 && shardsIn(paths[0]).length > 0),
  open: (data): OpenedSamples => {
    const { paths, classes } = data;
    const files = isTar(paths[0]) ? paths : shardsIn(paths[0]);
    return {
      files,
      classes,
      async *samples(): AsyncGenerator<RawSample> {
        let some = false;
        for (const path of files)
          for await (const [key, members] of groupsOf(path, data)) {
            const sample = sampleOf(path, key, members, data);
            some ||= sample !== undefined;
            if (sample) yield sample;
          }
        if (!some)
          throw new EngineError(
            'InvalidData',
            `${files.join(', ')} has no images: members KEY.${wantedOf(data).image.join(', KEY.')}`,
          );
      },
    };
  },
};

/** Lists the tar files of a folder by name; none if it is not a folder, or has none. */
function shardsIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .filter((name) => isTar(name) && !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name));
}

/** Members of a sample by their extensions, in lower case. */
type Members = ReadonlyMap<string, Buffer>;

const imageExtensions = ['jpg', 'jpeg', 'png', 'webp', 'tif', 'tiff'];
/** Largest member that says a label, in bytes. */
const mostLabelBytes = 2 ** 24;

/** Returns the extensions of the members that are read, the first that a sample has counts; and the field of JSON. */
function wantedOf({ columns, labels }: Pick<FoundData, 'columns' | 'labels'>) {
  const [, field] = /^json\.(.+)$/i.exec(columns?.label ?? '') ?? [];
  const image = columns?.image === undefined ? imageExtensions : [columns.image.toLowerCase()];
  const given =
    columns?.label === undefined
      ? ['cls', 'json']
      : [field === undefined ? columns.label.toLowerCase() : 'json'];
  // Labels in a file of their own replace those of the members.
  return { image, label: labels === undefined ? given : [], field: field ?? 'label' };
}

/**
 * Yields the samples of a file, each with those members that are read. Others are passed over, whatever their size;
 * nothing is unpacked to the disk, so names of members are only names.
 */
async function* groupsOf(path: string, data: FoundData): AsyncGenerator<readonly [key: string, Members]> {
  const { image, label } = wantedOf(data);
  const limits = new Map([
    ...image.map((extension) => [extension, most.bytes] as const),
    ...label.map((extension) => [extension, mostLabelBytes] as const),
  ]);
  const source = byteStream(path);
  const entries = extract();
  source.on('error', (error) => entries.destroy(error));
  source.pipe(entries);
  let key: string | undefined;
  let members = new Map<string, Buffer>();
  try {
    for await (const entry of entries) {
      const { name, size, type } = entry.header;
      const [, own, extension] = /^((?:.*\/)?[^/.]+)\.([^/]*)$/.exec(name) ?? [];
      const limit = limits.get(extension?.toLowerCase());
      if (type !== 'file' || own === undefined || limit === undefined) {
        entry.resume();
        continue;
      }
      if (size > limit)
        throw new EngineError('InvalidData', `${path} ${name} has ${size} bytes; at most ${limit} are read`);
      if (own !== key) {
        if (key !== undefined) yield [key, members];
        key = own;
        members = new Map<string, Buffer>();
      }
      const pieces: Uint8Array[] = [];
      for await (const piece of entry) pieces.push(piece as Uint8Array);
      members.set(extension.toLowerCase(), Buffer.concat(pieces));
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    source.destroy();
    entries.destroy();
  }
  if (key !== undefined) yield [key, members];
}

/** Makes a sample of its members; undefined if none of them is an image. */
function sampleOf(path: string, key: string, members: Members, data: FoundData): RawSample | undefined {
  const wanted = wantedOf(data);
  const extension = wanted.image.find((one) => members.has(one));
  if (extension === undefined) return undefined;
  const bytes = members.get(extension)!;
  const name = `${path} ${key}.${extension}`;
  const labelled = wanted.label.find((one) => members.has(one));
  return {
    name,
    label:
      labelled === undefined
        ? undefined
        : labelIn(`${path} ${key}.${labelled}`, members.get(labelled)!, data),
    pixels: (channels) => decodeImage(name, () => bytes, channels ?? 'rgb'),
  };
}

/** Reads a label: a number or a class's name, or a field of JSON. JSON without the usual field is no label. */
function labelIn(name: string, bytes: Buffer, data: FoundData): RawSample['label'] {
  const text = bytes.toString('utf8').trim();
  if (!name.endsWith('.json')) return labelOf(name, text, data.classes);
  const fields = parsedJson(name, text);
  const { field } = wantedOf(data);
  const known = new Map(Object.entries(fields ?? {}));
  if (known.has(field)) return labelOf(name, known.get(field), data.classes);
  if (data.columns?.label === undefined) return undefined;
  throw new EngineError(
    'InvalidData',
    `${name} has no field ${field}; it has ${[...known.keys()].slice(0, 20).join(', ') || 'none'}: set columns.label to json.FIELD`,
  );
}
