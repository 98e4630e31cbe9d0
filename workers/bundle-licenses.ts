import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Webpack's name of a module of an installed package: `./node_modules/@scope/name/…`. */
const packageModule = /^\/\*{3}\/ "(\.[^"]*node_modules\/(?:@[^/"]+\/)?[^/"]+)\//gm;

/**
 * Collects the licenses of the packages that a bundle has modules of: name, version and the license's full text.
 * @param code the bundle, as webpack wrote it in the current working directory
 * @throws Error when a package has no license file
 */
export function bundleLicenses(code: string): string {
  const folders = [...new Set([...code.matchAll(packageModule)].map(([, folder]) => folder))].sort();
  return folders
    .map((folder) => {
      const manifest = readFileSync(resolve(folder, 'package.json'), 'utf8');
      const { name, version, license } = JSON.parse(manifest) as Record<string, string>;
      const file = readdirSync(folder).find((file) => /^licen[cs]e/i.test(file));
      if (!file) throw new Error(`${name} is in the workflow bundle, but has no license file`);
      return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}
