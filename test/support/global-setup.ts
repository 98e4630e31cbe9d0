import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { describeLinearAlgebra } from '../../engine/linalg/choose';
import { installOpenblas } from '../../engine/linalg/openblas-wheel';
import { root } from './paths';

/** Writes the example's data set and brings a LAPACK to the machine once, before any test needs them. */
export default async function globalSetup(): Promise<void> {
  execFileSync(process.execPath, [join(root, 'examples', 'digits', 'prepare.mjs')], { stdio: 'inherit' });
  const lapack = describeLinearAlgebra().backends.find(({ name }) => name === 'lapack')!;
  if (lapack.available) return;
  await installOpenblas().catch((error: Error) => {
    console.warn(`LAPACK will not be tested: ${lapack.detail}; pip could not bring it: ${error.message}`);
  });
}
