import { existsSync, readdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { DataConverter } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = join(__dirname, '..');
const workflows = join(root, 'workflow.js');
const bundle = join(root, 'workflow-bundle.js');
/** Slimflow's payload converter, which is a part of the bundle. */
export const payloadConverterPath = join(root, 'contract', 'payload-converter.js');

/**
 * What a worker runs workflows from: the bundle made with the package, or the modules where it is missing or older, or
 * where the worker has converters of its own.
 */
export function workflowCode(
  own: DataConverter = {},
): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const sources = ['workflows', 'contract'].flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.js'))
      .map((name) => join(root, room, name)),
  );
  const isFresh =
    !(own.payloadConverterPath ?? own.failureConverterPath) &&
    existsSync(bundle) &&
    [workflows, ...sources].every((file) => statSync(file).mtimeMs <= statSync(bundle).mtimeMs);
  return isFresh ? { workflowBundle: { codePath: bundle } } : { workflowsPath: workflows };
}

/** Bundles the workflows, which takes a worker seconds at each start otherwise. */
export async function writeBundle(): Promise<void> {
  const logger = new DefaultLogger('WARN');
  const { code } = await bundleWorkflowCode({ workflowsPath: workflows, payloadConverterPath, logger });
  await writeFile(bundle, code);
}

if (require.main === module) void writeBundle();
