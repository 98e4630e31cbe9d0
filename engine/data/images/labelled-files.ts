import { type Dirent, readdirSync, realpathSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

import { EngineError } from '../../errors';

/** An image file and its class. */
export interface LabelledFile {
  readonly path: string;
  /** Number of its class; undefined for data without labels. */
  readonly label?: number;
}

/** Images of a data set, in the order of its rows. */
export interface Listing {
  readonly files: readonly LabelledFile[];
  /** Names of the classes by number; undefined for data without labels. */
  readonly classes?: readonly string[];
  /** Number of files skipped because they are not images, by extension. */
  readonly passedBy: Readonly<Record<string, number>>;
}

/** Extensions that torchvision's ImageFolder accepts as images. */
export const imageExtensions = ['.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif', '.tiff', '.webp'];

/**
 * Lists images in one folder per class, as torchvision's ImageFolder does: classes by name, files by folder and name,
 * at any depth, links followed. Hidden files and folders are skipped.
 * @param classes order of the classes, if not by name; there may be more of them than folders
 * @throws EngineError `InvalidData` if no class has a folder, or one is empty or not among `classes`
 */
export function classFolders(folder: string, classes?: readonly string[]): Listing {
  const found = entriesOf(folder)
    .filter((entry) => isFolder(folder, entry))
    .map(({ name }) => name)
    .sort();
  if (!found.length)
    throw new EngineError(
      'InvalidData',
      `${folder} has no subfolders: put images in one folder per class, name a CSV file of file,label, or ask for images without labels`,
    );
  const known = classes ?? found;
  const numbers = new Map(known.map((name, label) => [name, label]));
  const stranger = found.find((name) => !numbers.has(name));
  if (stranger !== undefined)
    throw new EngineError('InvalidData', `${join(folder, stranger)} is not in the list of classes`);
  const passedBy: Record<string, number> = {};
  const files = found
    .sort((a, b) => numbers.get(a)! - numbers.get(b)!)
    .flatMap((name) => {
      const images = imagesUnder(join(folder, name), passedBy);
      if (!images.length && !classes)
        throw new EngineError(
          'InvalidData',
          `${join(folder, name)} has no images (${imageExtensions.join(', ')}) for class ${name}: remove the folder, or give the list of classes`,
        );
      return images.map((path): LabelledFile => ({ path, label: numbers.get(name) }));
    });
  return { files, classes: known, passedBy };
}

/** Lists all images of a folder, without labels. */
export function unlabelled(folder: string): Listing {
  const passedBy: Record<string, number> = {};
  return { files: imagesUnder(folder, passedBy).map((path) => ({ path })), passedBy };
}

/** Lists the images below a folder: by folder, then by name. */
function imagesUnder(folder: string, passedBy: Record<string, number>): string[] {
  const found: [folder: string, name: string][] = [];
  const walk = (at: string, above: readonly string[]) => {
    const real = realpathSync(at);
    if (above.includes(real)) return; // a link to a folder that contains it
    for (const entry of entriesOf(at)) {
      const { name } = entry;
      const extension = extname(name).toLowerCase();
      if (isFolder(at, entry)) walk(join(at, name), [...above, real]);
      else if (imageExtensions.includes(extension)) found.push([at, name]);
      else passedBy[extension] = (passedBy[extension] ?? 0) + 1;
    }
  };
  walk(folder, []);
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return found.sort(([a, x], [b, y]) => order(a, b) || order(x, y)).map(([at, name]) => join(at, name));
}

/**
 * Lists a folder's entries, except hidden ones.
 * @throws EngineError `InvalidData` if it cannot be read
 */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter(({ name }) => !name.startsWith('.'));
  } catch (error) {
    throw new EngineError('InvalidData', `folder ${folder} can't be read: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Tells if an entry is a folder, or a link to one. */
const isFolder = (folder: string, entry: Dirent): boolean =>
  entry.isDirectory() ||
  (entry.isSymbolicLink() &&
    (statSync(join(folder, entry.name), { throwIfNoEntry: false })?.isDirectory() ?? false));
