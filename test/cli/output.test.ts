import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { digitsModel, root } from '../support/paths';

/** Runs `slimflow inspect` in a shell that sends its output elsewhere, and prints the command's status on standard error. */
const inspected = (to: string) =>
  spawnSync('bash', [
    '-c',
    `node "${join(root, 'dist', 'cli', 'main.js')}" inspect "${digitsModel()}" ${to}; echo "status \${PIPESTATUS[0]}" >&2`,
  ]).stderr.toString();

// Only Linux has a device that is always full.
if (existsSync('/dev/full'))
  it('what can not be written is a failure, and says why', () => {
    expect(inspected('> /dev/full')).toBe(
      "standard output can't be written: ENOSPC: no space left on device, write\nstatus 1\n",
    );
  });

it('a reader that has gone ends the command without a crash', () => {
  expect(inspected('| true')).toMatch(/^status (0|130)\n$/);
});
