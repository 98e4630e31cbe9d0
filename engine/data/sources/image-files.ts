import { readdirSync, statSync } from 'node:fs';
import { dirname, extname, isAbsolute, join, relative, sep } from 'node:path';

import { EngineError } from '../../errors';
import { readCocoBoxes } from '../detection/labels/coco-json';
import { readYoloBoxes } from '../detection/labels/yolo-text';
import { listedImages } from '../images/label-lists';
import {
  classFolders,
  imageExtensions,
  type LabelledFile,
  type Listing,
  unlabelled,
} from '../images/labelled-files';
import { readImage } from '../images/read-image';
import type { FoundData, OpenedSamples, SourceKind } from './kind';
import { statesOf } from './paths';

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
const isCoco = (path: string): boolean => extname(path).toLowerCase() === '.json';
const isList = (path: string): boolean => extname(path).toLowerCase() === '.csv';

/**
 * Images in folders: a class per sub-folder, as for torchvision's ImageFolder; or all in one, with labels in a list; or with
 * boxes, in COCO's JSON or in a folder of YOLO's text files.
 */
export const imageFolder: SourceKind = {
  name: 'a folder of images',
  reads: ['labels', 'classes'],
  claims: ([first, ...more]) => !more.length && isFolder(first),
  open: async ({ paths: [folder], labels, classes }) => {
    if (labels !== undefined && (isCoco(labels) || isFolder(labels))) return boxed(folder, labels);
    if (labels === undefined || !isList(labels)) {
      const listing =
        labels === undefined && hasFolders(folder) ? classFolders(folder, classes) : unlabelled(folder);
      return opened(listing, listing.classes, `${folder} has no images (${imageExtensions.join(', ')})`);
    }
    return listed(labels, folder, classes);
  },
};

/** Boxes of a folder's images: in COCO's JSON, whose order they are in; or in a folder of YOLO's text files. */
async function boxed(folder: string, labels: string): Promise<OpenedSamples> {
  const all = isCoco(labels) ? [] : unlabelled(folder).files.map(({ path }) => relative(folder, path));
  const { images, classes } = isCoco(labels) ? readCocoBoxes(labels) : readYoloBoxes(labels, all);
  const paths = images.map(({ image }) => pathIn(folder, image, labels));
  await refuseMissing(
    paths,
    (missing, count) =>
      `${labels} has boxes of ${count} of ${paths.length} images that ${folder} does not have: ${missing}. Are these the labels of other images?`,
    (path) => relative(folder, path),
  );
  const source = opened(
    { files: paths.map((path) => ({ path })), passedBy: {} },
    classes,
    `${folder} has no images (${imageExtensions.join(', ')})`,
  );
  return {
    ...source,
    files: [...labelFiles(labels), ...source.files],
    *samples() {
      for (const [at, path] of paths.entries()) yield { ...sampleOf({ path }), boxes: images[at] };
    },
  };
}

/** Joins a name out of a file of labels with the folder of images. @throws EngineError if it leads out of it */
function pathIn(folder: string, image: string, labels: string): string {
  const path = join(folder, image);
  const inside = relative(folder, path);
  if (inside && inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside)) return path;
  throw new EngineError('InvalidData', `${labels} names ${image}, which is not in ${folder}`);
}

/** Lists the files that labels consist of. */
const labelFiles = (labels: string): string[] =>
  isCoco(labels)
    ? [labels]
    : readdirSync(labels, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.txt'))
        .sort()
        .map((name) => join(labels, name));

/** A CSV file of file,label, or of files alone; names are relative to its folder. */
export const imageList: SourceKind = {
  name: 'a list of images',
  reads: ['classes'],
  claims: ([first, ...more]) => !more.length && isList(first),
  open: ({ paths: [list], classes }) => listed(list, dirname(list), classes),
};

/** Image files by their names. */
export const imageFiles: SourceKind = {
  name: 'image files',
  reads: [],
  claims: (paths) => paths.every((path) => imageExtensions.includes(extname(path).toLowerCase())),
  open: async ({ paths }: FoundData) => {
    await refuseMissing(paths, (missing) => `there is no file ${missing}`);
    return opened({ files: paths.map((path) => ({ path })), passedBy: {} });
  },
};

const hasFolders = (folder: string): boolean =>
  readdirSync(folder, { withFileTypes: true }).some(
    ({ name }) => !name.startsWith('.') && isFolder(`${folder}/${name}`),
  );

async function listed(list: string, folder: string, classes?: readonly string[]): Promise<OpenedSamples> {
  const listing = listedImages(list, folder, classes, 'optional');
  const paths = listing.files.map(({ path }) => path);
  await refuseMissing(
    paths,
    (missing, count) =>
      `${list} lists ${count} of ${paths.length} images that ${folder} does not have: ${missing}. Are these the labels of other images?`,
    (path) => relative(folder, path),
  );
  const numbered = listing.classes?.every((name, at) => name === String(at));
  const source = opened(listing, numbered ? undefined : listing.classes);
  return { ...source, files: [list, ...source.files] };
}

/** Most missing files that a message names. */
const mostNamed = 5;

async function refuseMissing(
  paths: readonly string[],
  message: (missing: string, count: number) => string,
  named = (path: string) => path,
): Promise<void> {
  const states = await statesOf(paths);
  const missing = paths.filter((_, at) => states[at] === undefined);
  if (!missing.length) return;
  const names = missing.slice(0, mostNamed).map(named).join(', ');
  throw new EngineError(
    'InvalidData',
    message(missing.length > mostNamed ? `${names}, …` : names, missing.length),
  );
}

function opened(
  { files }: Listing,
  classes?: readonly string[],
  ifEmpty = 'there are no images',
): OpenedSamples {
  if (!files.length) throw new EngineError('InvalidData', ifEmpty);
  return {
    files: files.map(({ path }) => path),
    total: files.length,
    classes,
    *samples() {
      for (const file of files) yield sampleOf(file);
    },
  };
}

const sampleOf = ({ path, label }: LabelledFile) => ({
  name: path,
  label,
  pixels: (channels?: 'rgb' | 'gray') => readImage(path, channels ?? 'rgb'),
});
