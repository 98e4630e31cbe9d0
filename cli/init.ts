import { writeFile } from 'node:fs/promises';

import { specTemplate } from '../run-spec/template';
import { BadInput, exitStatus } from './exit-status';
import { visibleLines } from '../engine/visible';

/** `slimflow init`: writes a commented spec that shows every default. */
export async function init(file: string): Promise<number> {
  try {
    await writeFile(file, specTemplate, { flag: 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new BadInput(code === 'EEXIST' ? `${file} already exists; give another name` : message);
  }
  process.stdout.write(
    visibleLines(`Written: ${file}. Set model and data in it, then run \`slimflow run ${file}\`.\n`),
  );
  return exitStatus.done;
}
