import type { InputSize } from '../engine/names';
import { layersTable } from '../report/layer-table';
import { exitStatus } from './exit-status';
import { readModel } from './preflight';
import { visibleLines } from '../engine/visible';

/** `slimflow inspect`: lists the layers of a model. */
export async function inspect(
  model: string,
  { json, inputSize }: { json?: boolean; inputSize?: InputSize },
): Promise<number> {
  const summary = await readModel(model, { inputSize });
  process.stdout.write(
    visibleLines(`${json ? JSON.stringify(summary, undefined, 2) : layersTable(summary)}\n`),
  );
  return exitStatus.done;
}
