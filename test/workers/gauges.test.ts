import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

import { gpuUse } from '../../workers/gauges';
import { inFolder } from '../support/folder';

it("reads each GPU's use from nvidia-smi", () =>
  inFolder(async (folder) => {
    const program = join(folder, 'nvidia-smi');
    writeFileSync(program, '#!/bin/sh\necho "0, 85, 40000, 160000"\necho "1, 0, 0, 160000"\n');
    chmodSync(program, 0o755);
    const { PATH } = process.env;
    process.env.PATH = `${folder}${delimiter}${PATH}`;
    try {
      expect(await gpuUse()).toEqual([
        { gpu: '0', use: 0.85, memory: 0.25 },
        { gpu: '1', use: 0, memory: 0 },
      ]);
      writeFileSync(program, '#!/bin/sh\nexit 9\n');
      expect(await gpuUse()).toEqual([]);
    } finally {
      process.env.PATH = PATH;
    }
  }));
