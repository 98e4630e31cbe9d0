import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** The compiled package. */
export const compiled = join(__dirname, '..');
/** What the workflows' modules are found from: the workflows, and the payload converter that runs beside them. */
export const workflowsEntry = 'workflow.js';
export const payloadConverterEntry = 'contract/payload-converter.js';

/** `require("./…")` as tsc writes it; all else that a module requires is a package's. */
const ownImport = /\brequire\("(\.{1,2}\/[^"]+)"\)/g;

/**
 * Lists the modules that the workflows are made of: their paths in the compiled package, sorted, with slashes.
 * @throws Error when a module is missing
 */
export function workflowModules(root = compiled): string[] {
  const found = new Set([workflowsEntry, payloadConverterEntry]);
  for (const name of found)
    for (const [, path] of readFileSync(join(root, name), 'utf8').matchAll(ownImport))
      found.add(slashed(`${join(dirname(name), path)}.js`));
  return [...found].sort();
}

/** A path with slashes, as manifests hold it on every system. */
export const slashed = (path: string): string => path.split(sep).join('/');

/** A path of a file in the compiled package; undefined when it lies elsewhere. */
export function inPackage(file: string, root = compiled): string | undefined {
  const path = slashed(relative(root, file));
  return path.startsWith('../') ? undefined : path;
}

/** The SHA-256 of a file, in hexadecimal. */
export const digestOf = (file: string): string =>
  createHash('sha256').update(readFileSync(file)).digest('hex');

/** The packages of Temporal's SDK that bundle workflows and that are a part of the bundle, with their versions. */
export function sdkVersions(): Record<string, string> {
  const packages = ['@temporalio/worker', '@temporalio/workflow', '@temporalio/common'];
  return Object.fromEntries(
    packages.map((name) => {
      const manifest = readFileSync(require.resolve(`${name}/package.json`), 'utf8');
      return [name, (JSON.parse(manifest) as { version: string }).version];
    }),
  );
}
