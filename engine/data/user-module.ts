import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { EngineError } from '../errors';
import { readRegularSync } from '../regular-file';
import { own } from '../table';

/** Largest module that is read, in bytes. */
const mostBytes = 2 ** 24;

/**
 * Imports a user's ES module from a file and returns one of its exports. The file must hold all that it needs, since
 * every worker runs the bytes that the store has: it may import what Node itself has, such as `node:fs`, but no other
 * file or package.
 * @param field of the spec that names it, for messages
 * @throws EngineError `InvalidSettings` if it can't be read or run, which names the file and the line, or has no such
 * export
 */
export async function loadModule(file: string, name: string, field: string): Promise<unknown> {
  let code: Buffer;
  try {
    code = readRegularSync(file, mostBytes);
  } catch (error) {
    throw new EngineError('InvalidSettings', `${field}: cannot read ${file}: ${(error as Error).message}`, {
      cause: error,
    });
  }
  // The store names files by their digests, without the extension that tells Node what they hold.
  const folder = mkdtempSync(join(tmpdir(), 'slimflow-module-'));
  const copy = join(folder, 'module.mjs');
  let exported: Record<string, unknown>;
  try {
    writeFileSync(copy, code, { mode: 0o600 });
    exported = (await import(pathToFileURL(copy).href)) as Record<string, unknown>;
  } catch (error) {
    throw refusal(file, copy, field, error as Error & { code?: string });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return exportOf(exported, file, name, field);
}

/**
 * Imports a user's ES module where it is, so that it may import others, and returns one of its exports.
 * @param field of the spec that names it, for messages
 * @throws EngineError `InvalidSettings` as `loadModule` does
 */
export async function importModule(file: string, name: string, field: string): Promise<unknown> {
  let exported: Record<string, unknown>;
  try {
    exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
  } catch (error) {
    throw refusal(file, file, field, error as Error & { code?: string });
  }
  return exportOf(exported, file, name, field);
}

function exportOf(
  exported: Readonly<Record<string, unknown>>,
  file: string,
  name: string,
  field: string,
): unknown {
  const found = own(exported, name);
  if (found !== undefined) return found;
  const names = Object.keys(exported);
  throw new EngineError(
    'InvalidSettings',
    `${field}: ${file} has no export ${name}; it has ${names.length ? names.join(', ') : 'none'}`,
  );
}

/** Makes the error for a module that could not be imported, with the line that is at fault. */
function refusal(file: string, copy: string, field: string, error: Error & { code?: string }): EngineError {
  const { name = 'Error', message = String(error), code } = error;
  const line = name === 'SyntaxError' ? lineOfSyntaxError(copy) : lineIn(error.stack, copy);
  const advice =
    code === 'ERR_MODULE_NOT_FOUND' && copy !== file
      ? '. A module must hold all that it needs: bundle it into one file (esbuild --bundle --format=esm --platform=node)'
      : '';
  const what = message.replaceAll(pathToFileURL(copy).href, file).replaceAll(copy, file).split('\n')[0];
  return new EngineError(
    'InvalidSettings',
    `${field}: ${file}${line === undefined ? '' : `:${line}`} can't be loaded: ${name}: ${what}${advice}`,
    { cause: error },
  );
}

/** Node tells the line of a syntax error only when it prints it. */
const lineOfSyntaxError = (copy: string): string | undefined =>
  lineIn(spawnSync(process.execPath, ['--check', copy], { encoding: 'utf8', timeout: 10_000 }).stderr, copy);

/** Finds the first line of a file that a stack, or what Node prints of an error, names. */
function lineIn(text: string | undefined, copy: string): string | undefined {
  for (const place of [pathToFileURL(copy).href, copy]) {
    const rest = text?.split(place)[1];
    const line = rest === undefined ? undefined : /^:(\d+)/.exec(rest)?.[1];
    if (line !== undefined) return line;
  }
  return undefined;
}
