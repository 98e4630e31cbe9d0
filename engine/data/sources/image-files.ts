import { readdirSync, statSync } from 'node:fs';
import { dirname, extname, relative } from 'node:path';

import { EngineError } from '../../errors';
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
const isList = (path: string): boolean => extname(path).toLowerCase() === '.csv';

/** Images in folders: a class per sub-folder, as for torchvision's ImageFolder; or all in one, with labels in a list. */
export const imageFolder: SourceKind = {
  name: 'a folder of images',
  reads: ['labels', 'classes'],
  claims: ([first, ...more]) => !more.length && isFolder(first),
  open: ({ paths: [folder], labels, classes }) => {
    if (labels === undefined || !isList(labels)) {
      const listing =
        labels === undefined && hasFolders(folder) ? classFolders(folder, classes) : unlabelled(folder);
      return opened(listing, listing.classes, `${folder} has no images (${imageExtensions.join(', ')})`);
    }
    return listed(labels, folder, classes);
  },
};

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
