import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** The compiled package. */
export const compiled = join(__dirname, '..');
/** Entry modules of the workflow code: the workflows, and the payload converter that runs next to them. */
export const workflowsEntry = 'workflow.js';
/** Entry module of the payload converter. */
export const payloadConverterEntry = 'contract/payload-converter.js';

/** `require("./…")` as tsc writes it; anything else that a module requires belongs to a package. */
const ownImport = /\brequire\("(\.{1,2}\/[^"]+)"\)/g;

/**
 * Lists the modules that the workflows are made of: their paths in the compiled package, sorted, with slashes.
 * @throws Error if a module is missing
 */
export function workflowModules(root = compiled): string[] {
  const found = new Set([workflowsEntry, payloadConverterEntry]);
  for (const name of found)
    for (const [, path] of readFileSync(join(root, name), 'utf8').matchAll(ownImport))
      found.add(slashed(`${join(dirname(name), path)}.js`));
  return [...found].sort();
}

/** Writes a path with slashes, as manifests do on every system. */
export const slashed = (path: string): string => path.split(sep).join('/');

/** Returns the path of a file within the compiled package; undefined if it is elsewhere. */
export function inPackage(file: string, root = compiled): string | undefined {
  const path = slashed(relative(root, file));
  return path.startsWith('../') ? undefined : path;
}

/** Computes the SHA-256 of a file, in hexadecimal. */
export const digestOf = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex');

/** Lists the packages of Temporal's SDK that bundle workflows or are part of the bundle, with their versions. */
export function sdkVersions(): Record<string, string> {
  const packages = ['@temporalio/worker', '@temporalio/workflow', '@temporalio/common'];
  return Object.fromEntries(
    packages.map((name) => {
      const manifest = readFileSync(require.resolve(`${name}/package.json`), 'utf8');
      return [name, (JSON.parse(manifest) as { version: string }).version];
    }),
  );
}
