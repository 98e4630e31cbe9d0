import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { basename } from 'node:path';

import { EngineError } from '../../errors';
import { classesIn } from '../images/label-lists';
import { classFolders } from '../images/labelled-files';
import { writeSamples } from '../images/write-samples';
import type { DatasetSource } from '../source';
import type { FoundData, KindSetting, OpenedData, SourceKind } from './kind';
import { sourceKinds } from './kinds';
import { packedBefore, type PackedEntry, packInto } from './packed-cache';
import { expanded, statesOf } from './paths';
import { sampleModule } from './sample-module';
import type { UserData } from './user-data';

/** Version of what packing makes: a change of any byte needs another, so that older entries of the cache are not used. */
const version = 1;

/** Observes the packing of splits, and may stop it. */
export interface WatchingData {
  readonly signal?: AbortSignal;
  /** Called after each image that is packed; `total` is left out if it is not known. Not called for data in the cache. */
  readonly onProgress?: (progress: {
    readonly split: string;
    readonly done: number;
    readonly total?: number;
  }) => void;
}

/** Splits by name, of which some may be left out. */
type Splits<Data> = Readonly<Record<string, Data | undefined>>;

/**
 * Turns the data of splits, as people have them, into the arrays that the engine reads. Images are decoded several at
 * a time and written sample by sample into the user's cache, from which the next call takes them. Arrays without a
 * transform stay as they are.
 * @throws EngineError `InvalidData` that names the file, member or setting and the fix; `Cancelled` after `signal`, and
 * nothing half-written is left
 * @example
 * ```ts
 * import { Dataset, packData } from 'slimflow/engine';
 *
 * const transform = { resize: 9, crop: 8 };
 * const { evaluate } = await packData({ evaluate: { images: 'photos', transform } });
 * const data = Dataset.open(evaluate);
 * console.log(data.length, data.shape, data.labelled);
 * data.close();
 * ```
 */
export async function packData<Given extends Splits<UserData>>(
  splits: Given,
  watching: WatchingData = {},
): Promise<{
  [Split in keyof Given]: Given[Split] extends UserData ? DatasetSource : DatasetSource | undefined;
}> {
  const opened: [split: string, data: UserData, source: Source | undefined][] = [];
  // All are opened before any is packed: a mistake in the last should not come up an hour later.
  for (const [split, data] of Object.entries(splits))
    if (data) opened.push([split, data, await openedSource(split, data)]);
  checkClasses(opened.map(([split, , source]) => [split, source?.opened.classes]));
  const packed: Record<string, DatasetSource> = {};
  for (const [split, data, source] of opened)
    packed[split] = source ? await packedSource(split, data, source, watching) : arraysOf(data);
  return packed as Awaited<ReturnType<typeof packData<Given>>>;
}

/** A split's source: opened, and the name of its entry in the cache. */
interface Source {
  readonly kind: SourceKind;
  readonly found: FoundData;
  readonly opened: OpenedData;
  readonly entry: string;
}

const isArray = (path: string): boolean => /\.npy$/i.test(path);

/** Returns the data as they are: the engine says if a file is none that it reads. */
const arraysOf = ({
  images,
  classes: _classes,
  columns: _columns,
  arrays: _arrays,
  transform: _transform,
  ...rest
}: UserData): DatasetSource => ({
  images: images as string,
  ...rest,
});

/** Finds a split's source; undefined if the engine reads its files as they are. */
async function openedSource(split: string, data: UserData): Promise<Source | undefined> {
  const { images, classes, transform: given, ...rest } = data;
  const changes = Object.values(given ?? {}).some((value) => value !== undefined);
  const transform = changes ? given : undefined;
  const module = typeof images === 'object' && 'module' in images ? images : undefined;
  const paths = module ? [module.module] : expanded(images as string | readonly string[]);
  if (!paths.length) throw new EngineError('InvalidData', `data.${split}.images is empty`);
  const kind = module ? sampleModule : sourceKinds.find((one) => one.claims(paths));
  if (kind?.name === 'an array' && transform === undefined) return undefined;
  if (!kind) {
    // An array under another name, or a file that is not there: the engine says which.
    if (
      typeof images === 'string' &&
      paths.length === 1 &&
      (!existsSync(images) || statSync(images).isFile())
    )
      return undefined;
    throw new EngineError(
      'InvalidData',
      `data.${split}.images: ${paths.slice(0, 3).join(', ')}${paths.length > 3 ? ', …' : ''} are not files of one kind that can be read together`,
    );
  }
  refuseUnread(split, data, kind);
  const found: FoundData = {
    ...rest,
    transform,
    paths,
    classes: classesOf(classes),
    ...(module && { code: { export: module.export, version: module.version } }),
  };
  const opened = await kind.open(found);
  return { kind, found, opened, entry: await entryName(found, opened, kind) };
}

/** @throws EngineError `InvalidData` if a setting is given that this kind has no use for */
function refuseUnread(split: string, data: UserData, { name, reads }: SourceKind): void {
  const why: Readonly<Record<KindSetting, string>> = {
    labels: `with ${name}, labels are its own, or a .npy file`,
    classes: `${name} has no names of classes`,
    columns: `${name} has no columns`,
    arrays: `${name} has no named arrays`,
    layout: `${name} has no layout; for a model that takes its channels last, set transform.channelsLast`,
  };
  const given = Object.keys(why) as KindSetting[];
  const unread = given.find(
    (setting) =>
      data[setting] !== undefined &&
      !reads.includes(setting) &&
      !(setting === 'labels' && isArray(data.labels!)) &&
      !(setting === 'layout' && data.layout === 'NCHW'),
  );
  if (unread) throw new EngineError('InvalidData', `data.${split}.${unread}: ${why[unread]}`);
}

function classesOf(classes: UserData['classes']): readonly string[] | undefined {
  if (typeof classes !== 'string') return classes;
  const isFolder = statSync(classes, { throwIfNoEntry: false })?.isDirectory();
  return isFolder ? classFolders(classes).classes : classesIn(classes);
}

/** Makes the name of a source's entry in the cache: readable, and another for anything that changes what is packed. */
async function entryName(
  { paths, labels, classes, layout, columns, arrays, transform, code }: FoundData,
  { files }: OpenedData,
  { name }: SourceKind,
): Promise<string> {
  const own = labels === undefined || isArray(labels) ? undefined : labels;
  const hash = createHash('sha256').update(
    JSON.stringify([
      version,
      name,
      own,
      classes,
      layout,
      sorted(columns),
      sorted(arrays),
      sorted(transform),
      sorted(code),
    ]),
  );
  const states = await statesOf(files);
  const missing = states.indexOf(undefined);
  if (missing >= 0) throw new EngineError('InvalidData', `there is no file ${files[missing]}`);
  states.forEach((state) => hash.update(`\n${state}`));
  const readable = basename(paths[0])
    .replace(/[^\w-]+/g, '-')
    .slice(0, 40);
  return `${readable}-${hash.digest('hex').slice(0, digits)}`;
}

/** Copies an object with its fields in the order of their names. */
const sorted = (value: object = {}): object =>
  Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Computes a digest of the bytes of files, as the name of an entry has it. */
async function digestOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest('hex').slice(0, digits);
}

/** Hexadecimal digits of a digest in the name of an entry. */
const digits = 16;

async function packedSource(
  split: string,
  { labels, inputs, range, normalize, unknown, transform = {} }: UserData,
  { kind, found, opened, entry }: Source,
  { signal, onProgress }: WatchingData,
): Promise<DatasetSource> {
  const write = async (to: Required<PackedEntry>) => {
    const written =
      'copy' in opened
        ? await opened.copy(to, signal)
        : await writeSamples(opened.samples(), to, transform, {
            total: opened.total,
            signal,
            onProgress: (done, total) => onProgress?.({ split, done, total }),
          });
    if ((await entryName(found, opened, kind)) !== entry)
      throw new EngineError(
        'InvalidData',
        `${found.paths[0]} was changed while it was read: wait until it is complete, then start again`,
      );
    if (!isVolatile) return written;
    const content = await digestOf([to.images, ...(written.labelled ? [to.labels] : [])]);
    return { ...written, name: entry.replace(/[0-9a-f]{16}$/, content) };
  };
  const isVolatile = 'samples' in opened && opened.isVolatile;
  const packed = (isVolatile ? undefined : await packedBefore(entry)) ?? (await packInto(entry, write));
  const own = labels !== undefined && isArray(labels) ? labels : packed.labels;
  return {
    images: packed.images,
    ...(own !== undefined && { labels: own }),
    ...('copy' in opened && opened.layout && { layout: opened.layout }),
    ...(inputs && { inputs }),
    ...(range && { range }),
    ...(normalize && { normalize }),
    ...(unknown !== undefined && { unknown }),
  };
}

/** @throws EngineError `InvalidData` if two splits number their classes differently */
function checkClasses(
  splits: readonly (readonly [split: string, classes: readonly string[] | undefined])[],
): void {
  const named = splits.filter(([, classes]) => classes !== undefined);
  const [[first, expected] = [], ...others] = named;
  for (const [split, classes] of others) {
    if (expected!.length === classes!.length && expected!.every((name, at) => name === classes![at]))
      continue;
    const lacking = expected!.find((name) => !classes!.includes(name));
    const added = classes!.find((name) => !expected!.includes(name));
    const difference =
      lacking !== undefined
        ? `${first} has ${lacking}, which ${split} has not`
        : added !== undefined
          ? `${split} has ${added}, which ${first} has not`
          : 'their order differs';
    throw new EngineError(
      'InvalidData',
      `data.${split} and data.${first} have different classes (${difference}), so equal labels would mean different classes: set classes of both to one list, a file of them, or the folder of data.${first}`,
    );
  }
}
