import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { DataConverter } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

import { bundleLicenses } from './bundle-licenses';
import {
  compiled,
  digestOf,
  inPackage,
  payloadConverterEntry,
  sdkVersions,
  workflowsEntry,
} from './workflow-modules';

const bundleName = 'workflow-bundle.js';
const manifestName = 'workflow-bundle.json';
const licensesName = 'workflow-bundle.LICENSE.txt';
/** Path of Slimflow's payload converter, which is part of the bundle. */
export const payloadConverterPath = join(compiled, payloadConverterEntry);

/** Path of the workflows' modules, for workers that bundle them themselves. */
export const workflowsPath = join(compiled, workflowsEntry);

/** Sources of a bundle. File times say nothing: npm sets those of an installed package at random. */
interface Manifest {
  /** The SHA-256 of the bundle. */
  readonly bundle: string;
  /** Versions by package of Temporal's SDK, parts of which are in the bundle. */
  readonly sdk: Record<string, string>;
  /** Slimflow's modules in the bundle: SHA-256 by path in the compiled package. */
  readonly modules: Record<string, string>;
}

/**
 * Chooses what a worker runs workflows from: the bundle made with the package, or the modules if the bundle is missing,
 * if anything it was made from has changed since, or if the worker has its own converters.
 * @param root the compiled package
 */
export function workflowCode(
  own: DataConverter = {},
  root = compiled,
): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const hasConverter = own.payloadConverterPath ?? own.failureConverterPath;
  return !hasConverter && isFresh(root)
    ? { workflowBundle: { codePath: join(root, bundleName) } }
    : { workflowsPath: join(root, workflowsEntry) };
}

function isFresh(root: string): boolean {
  const has = (name: string, sha256: string) =>
    existsSync(join(root, name)) && digestOf(join(root, name)) === sha256;
  if (!existsSync(join(root, manifestName))) return false;
  const { bundle, sdk, modules } = JSON.parse(readFileSync(join(root, manifestName), 'utf8')) as Manifest;
  return (
    Object.entries(sdkVersions()).every(([name, version]) => sdk[name] === version) &&
    has(bundleName, bundle) &&
    Object.entries(modules).every(([name, sha256]) => has(name, sha256))
  );
}

interface SourceMap {
  readonly sources: string[];
  readonly sourcesContent: string[];
}

/**
 * Bundles the workflows, which would otherwise take a worker seconds at each start, and records what the bundle is made
 * of.
 */
export async function writeBundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(compiled, workflowsEntry),
    payloadConverterPath,
    logger: new DefaultLogger('WARN'),
  });
  await writeFile(join(compiled, bundleName), withoutMachinePaths(code));
  await writeFile(join(compiled, licensesName), bundleLicenses(code));
  const modules = modulesOf(code).map((name) => [name, digestOf(join(compiled, name))] as const);
  const manifest: Manifest = {
    bundle: digestOf(join(compiled, bundleName)),
    sdk: sdkVersions(),
    modules: Object.fromEntries(modules),
  };
  await writeFile(join(compiled, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/** Lists Slimflow's modules in a bundle by webpack's names for them, which are relative to the working directory. */
function modulesOf(code: string): string[] {
  return [...code.matchAll(/^\/\*{3}\/ "(\.[^"]+\.js)"/gm)]
    .map(([, name]) => resolve(name))
    .filter((file) => !file.includes('node_modules') && existsSync(file))
    .map((file) => inPackage(file))
    .filter((name) => name !== undefined)
    .sort();
}

/**
 * Removes the build machine's folders from the source map, and so from users' stack traces: `…/node_modules/a/b.ts`
 * becomes `node_modules/a/b.ts`, and Slimflow's files `slimflow/…`.
 */
function withoutMachinePaths(code: string): string {
  const start = code.lastIndexOf('base64,') + 'base64,'.length;
  const map = JSON.parse(Buffer.from(code.slice(start), 'base64').toString()) as SourceMap;
  const here = (text: string) => text.replaceAll(join(compiled, '..'), 'slimflow');
  const sources = map.sources.map((source) =>
    here(source.replace(/^(ignored\|)?.*\/node_modules\//, '$1node_modules/')),
  );
  const sourcesContent = map.sourcesContent.map(here);
  const text = JSON.stringify({ ...map, sources, sourcesContent });
  return code.slice(0, start) + Buffer.from(text).toString('base64');
}

if (require.main === module) void writeBundle();
