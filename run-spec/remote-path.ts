import { resolve } from 'node:path';

/** Tells if a path of a spec is an address that files are fetched from when they are needed. */
export const isRemote = (path: string): boolean => /^(s3|https?):\/\//i.test(path);

/** Resolves a path of a spec relative to a folder; an address stays as it is. */
export const resolvedPath = (folder: string, path: string): string =>
  isRemote(path) ? path : resolve(folder, path);
