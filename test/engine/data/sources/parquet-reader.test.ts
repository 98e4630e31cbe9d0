import { statSync } from 'node:fs';
import { join } from 'node:path';

import { ParquetReader } from '../../../../engine/data/sources/parquet-reader';
import { root } from '../../../support/paths';

// Found by fuzzing: its run lengths keep the unpacking busy for minutes.
const path = join(root, 'test', 'golden', 'engine', 'sources', 'endless.parquet');
const task = { path, size: statSync(path).size, columns: ['image', 'label'] };

it('a file whose unpacking does not end is refused, and its thread ended', async () => {
  const reader = new ParquetReader(task, { ms: 300, perByte: 0 });
  try {
    await expect(reader.read(0, 3)).rejects.toMatchObject({
      code: 'InvalidData',
      message: expect.stringMatching(
        /endless\.parquet can't be read: rows 0 to 3 take far too long/,
      ) as string,
    });
  } finally {
    await reader.close();
  }
});

it('a file that is cut short is refused', async () => {
  const reader = new ParquetReader({ ...task, path: join(path, '..', 'none.parquet') });
  try {
    await expect(reader.read(0, 3)).rejects.toMatchObject({ name: 'EngineError', code: 'InvalidData' });
  } finally {
    await reader.close();
  }
});
