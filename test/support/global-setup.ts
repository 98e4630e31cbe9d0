import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { root } from './paths';

/** Writes the example's data set once, before any test reads it. */
export default function globalSetup(): void {
  execFileSync(process.execPath, [join(root, 'examples', 'digits', 'prepare.mjs')], { stdio: 'inherit' });
}
