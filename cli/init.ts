import { writeFile } from 'node:fs/promises';

import { specTemplate } from '../run-spec/template';
import { BadInput, exit } from './exit-status';

/** `slimflow init`: a commented spec with every default visible. */
export async function init(file: string): Promise<number> {
  try {
    await writeFile(file, specTemplate, { flag: 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new BadInput(code === 'EEXIST' ? `${file} is there already; choose another name` : message);
  }
  process.stdout.write(`${file} written: set model and data, then run \`slimflow run ${file}\`\n`);
  return exit.done;
}
