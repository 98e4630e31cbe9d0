import { layersTable } from '../report/layer-table';
import { exit } from './exit-status';
import { inspectModel } from './preflight';

/** `slimflow inspect`: the layers of a model. */
export async function inspect(model: string, { json }: { json?: boolean }): Promise<number> {
  const summary = await inspectModel({ model });
  process.stdout.write(`${json ? JSON.stringify(summary, undefined, 2) : layersTable(summary)}\n`);
  return exit.done;
}
