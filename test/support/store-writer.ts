import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Random } from '../../engine/data/random';
import { FileStore } from '../../store/file-store';
import { modelIn } from './store-files';

/** A process that puts the same things as others do, in an order of its own: `node store-writer.js STORE FOLDER SEED`. */
async function write(root: string, folder: string, seed: number): Promise<void> {
  const store = new FileStore(root);
  const random = new Random(seed);
  for (let round = 0; round < 40; round++) {
    const which = random.below(4);
    const ref =
      random.next() < 0.5
        ? await store.putBytes(`artifact ${which}`)
        : await store.putFiles(modelIn(folder, `weights ${which}`));
    await store.path(ref);
    await store.setResult(`k${which}`, { which });
    const result = await store.result(`k${which}`);
    if (JSON.stringify(result) !== JSON.stringify({ which })) throw new Error('a result was half-written');
    const file = join(folder, 'step');
    writeFileSync(file, `step ${which}`);
    await store.setCheckpoint(`of-${seed}`, file);
    if (!(await store.checkpoint(`of-${seed}`))) throw new Error('a checkpoint was lost');
  }
}

const [root, folder, seed] = process.argv.slice(2);
write(root, folder, Number(seed)).catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
});
