import { layersTable } from '../report/layer-table';
import { exitStatus } from './exit-status';
import { readModel } from './preflight';

/** `slimflow inspect`: lists the layers of a model. */
export async function inspect(model: string, { json }: { json?: boolean }): Promise<number> {
  const summary = await readModel(model);
  process.stdout.write(`${json ? JSON.stringify(summary, undefined, 2) : layersTable(summary)}\n`);
  return exitStatus.done;
}
