import { existsSync, readdirSync, statSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

const root = join(__dirname, '..');
const workflows = join(root, 'workflow.js');
const bundle = join(root, 'workflow-bundle.js');

/** What a worker runs workflows from: the bundle made with the package, or the modules where it is missing or older. */
export function workflowCode(): { workflowBundle: { codePath: string } } | { workflowsPath: string } {
  const sources = readdirSync(join(root, 'workflows'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .map((name) => join(root, 'workflows', name));
  const isFresh =
    existsSync(bundle) &&
    [workflows, ...sources].every((file) => statSync(file).mtimeMs <= statSync(bundle).mtimeMs);
  return isFresh ? { workflowBundle: { codePath: bundle } } : { workflowsPath: workflows };
}

/** Bundles the workflows, which takes a worker seconds at each start otherwise. */
export async function writeBundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({ workflowsPath: workflows, logger: new DefaultLogger('WARN') });
  await writeFile(bundle, code);
}

if (require.main === module) void writeBundle();
