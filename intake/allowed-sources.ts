import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';

import { expanded } from '../engine/data/sources/paths';
import type { UserData } from '../engine/data/sources/user-data';
import type { CompressionSpec } from '../run-spec/spec';
import { isRemote } from '../run-spec/remote-path';

/** A path or an address of a spec. */
interface Named {
  readonly field: string;
  readonly path: string;
  /** True if it is code that will be run. */
  readonly isCode?: boolean;
}

/** Lists the files that a spec names. */
export function filesNamed({ model, data, metric }: CompressionSpec): Named[] {
  const ofSplit = (split: string, { images, labels, classes, inputs = {} }: UserData): Named[] => {
    const at = `data.${split}`;
    const isModule = typeof images === 'object' && 'module' in images;
    const paths = isModule ? [images.module] : typeof images === 'string' ? [images] : images;
    return [
      ...paths.map((path) => ({ field: `${at}.images`, path, isCode: isModule })),
      ...(labels === undefined ? [] : [{ field: `${at}.labels`, path: labels }]),
      ...(typeof classes === 'string' ? [{ field: `${at}.classes`, path: classes }] : []),
      ...Object.entries(inputs).map(([name, path]) => ({ field: `${at}.inputs.${name}`, path })),
    ];
  };
  const code = typeof metric === 'object' && 'module' in metric ? metric.module : undefined;
  return [
    { field: 'model', path: model },
    ...Object.entries(data).flatMap(([split, one]) => ofSplit(split, one)),
    ...(code === undefined ? [] : [{ field: 'metric.module', path: code, isCode: true }]),
  ];
}

/**
 * Says why a worker does not import the files of a spec; undefined if it does. Whoever may start workflows can name any
 * file, so what is not in one of the worker's own `roots` stays unread.
 * @param roots folders, and addresses that those of files begin with
 * @param allowModules true if the worker runs the code of users' modules
 */
export function refusedSource(
  spec: CompressionSpec,
  roots: readonly string[],
  allowModules: boolean,
): string | undefined {
  for (const { field, path, isCode = false } of filesNamed(spec)) {
    if (isCode && !allowModules)
      return `${field} ${path} is code, and this worker runs none of users': start it with --allow-modules`;
    if (isCode && isRemote(path)) return `${field} ${path} is code, which is not fetched from elsewhere`;
    if (roots.some((root) => isWithin(root, path))) continue;
    return roots.length
      ? `${field} ${path} is not in ${roots.join(' or ')}, from which this worker imports (--import-from)`
      : `${field} ${path}: this worker imports no files by itself: start it with --import-from and a folder or address, or start the run with what \`slimflow prepare\` prints`;
  }
  return undefined;
}

/** Tells if a file, or all that a pattern finds, is in a folder, links followed; or if its address begins with another. */
export function isWithin(root: string, path: string): boolean {
  if (isRemote(root) || isRemote(path)) return isRemote(root) && isRemote(path) && isBelow(root, path);
  const folder = realOf(resolve(root));
  return foundBy(path).every((one) => {
    const way = relative(folder, realOf(one));
    return one === resolve(one) && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
  });
}

/** Lists what a path or a pattern finds; the path itself if that is nothing, as whoever reads it will say. */
function foundBy(path: string): string[] {
  try {
    return expanded(path);
  } catch {
    return [path];
  }
}

/** Resolves the links of a path; of one that is not there, those of the folder that would hold it. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : resolve(realOf(parent), relative(parent, path));
  }
}

/** Tells if an address is below another: the same host, and the same way to begin with. */
function isBelow(root: string, path: string): boolean {
  const [from, to] = [root, path].map(partsOf);
  if (!from || !to || from.host !== to.host) return false;
  const names = from.names.filter((name) => name !== '');
  return names.every((name, at) => to.names[at] === name);
}

/** Splits an address into its scheme with the host, and the names of the way; undefined if it leads upwards. */
function partsOf(address: string): { readonly host: string; readonly names: readonly string[] } | undefined {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return undefined;
  }
  const way = address.replace(/[?#].*$/s, '').replace(/^\w+:\/\/[^/]*\/?/, '');
  if (/\\|%2f|%5c/i.test(way) || /(^|\/)(\.|%2e){1,2}(\/|$)/i.test(way)) return undefined;
  return { host: `${url.protocol}//${url.host}`, names: way.split('/') };
}
