import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

import { EngineError } from '../../errors';

/** An image and its class. */
export interface LabelledFile {
  readonly path: string;
  /** Number of its class; undefined of data without labels. */
  readonly label?: number;
}

/** The images of a data set, in the order of its rows. */
export interface Listing {
  readonly files: readonly LabelledFile[];
  /** Names of the classes by their numbers; undefined of data without labels. */
  readonly classes?: readonly string[];
  /** How many files were passed by since they are no images, by extension. */
  readonly passedBy: Readonly<Record<string, number>>;
}

/** The extensions that torchvision's ImageFolder takes for images. */
const extensions = ['.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp'];

/**
 * The images of a folder with a folder a class, as torchvision's ImageFolder lists them: classes by name, files by folder
 * and name, any depth, links followed. Hidden files and folders are passed by.
 * @param classes the order of the classes, where it is not that of their names; there may be more of them than folders
 * @throws EngineError `InvalidData` where there is no folder a class, or one that is empty or not among `classes`
 */
export function classFolders(folder: string, classes?: readonly string[]): Listing {
  const found = entriesOf(folder)
    .filter((entry) => isFolder(folder, entry))
    .map(({ name }) => name)
    .sort();
  if (!found.length)
    throw new EngineError(
      'InvalidData',
      `${folder} has no folder a class with the images in it; name a CSV file of file,label, or ask for images without labels`,
    );
  const known = classes ?? found;
  const stranger = found.find((name) => !known.includes(name));
  if (stranger !== undefined)
    throw new EngineError('InvalidData', `${join(folder, stranger)} is not in the list of classes`);
  const passedBy: Record<string, number> = {};
  const numbers = new Map(known.map((name, label) => [name, label]));
  const files = found
    .sort((a, b) => numbers.get(a)! - numbers.get(b)!)
    .flatMap((name) => {
      const images = imagesUnder(join(folder, name), passedBy);
      if (!images.length && !classes)
        throw new EngineError(
          'InvalidData',
          `${join(folder, name)} has no image (${extensions.join(', ')}), so the class ${name} would have none: remove the folder, or give the list of classes`,
        );
      return images.map((path): LabelledFile => ({ path, label: numbers.get(name) }));
    });
  return { files, classes: known, passedBy };
}

/** All images of a folder, without labels. */
export function unlabelled(folder: string): Listing {
  const passedBy: Record<string, number> = {};
  return { files: imagesUnder(folder, passedBy).map((path) => ({ path })), passedBy };
}

/** The images below a folder: by folder, then by name. */
function imagesUnder(folder: string, passedBy: Record<string, number>): string[] {
  const found: [folder: string, name: string][] = [];
  const walk = (at: string, above: readonly string[]) => {
    const real = realpathSync(at);
    if (above.includes(real)) return; // a link to a folder that it lies in
    for (const entry of entriesOf(at)) {
      const { name } = entry;
      const extension = extname(name).toLowerCase();
      if (isFolder(at, entry)) walk(join(at, name), [...above, real]);
      else if (extensions.includes(extension)) found.push([at, name]);
      else passedBy[extension] = (passedBy[extension] ?? 0) + 1;
    }
  };
  walk(folder, []);
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return found.sort(([a, x], [b, y]) => order(a, b) || order(x, y)).map(([at, name]) => join(at, name));
}

/** What a folder holds and does not hide. @throws EngineError `InvalidData` */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  } catch (error) {
    throw new EngineError('InvalidData', `folder ${folder} can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Whether an entry is a folder, or a link to one. */
const isFolder = (folder: string, entry: Dirent): boolean =>
  entry.isDirectory() ||
  (entry.isSymbolicLink() &&
    (statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false));
