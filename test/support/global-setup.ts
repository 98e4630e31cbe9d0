import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { temporalBinary } from '../../server/temporal-binary';
import { describeLinearAlgebra } from '../../engine/linalg/choose';
import { installOpenblas } from '../../engine/linalg/openblas-wheel';
import { root } from './paths';

/**
 * Brings to the machine, once, before any test needs them: the example's data set, a Temporal server, a LAPACK. Tests beside
 * each other would each fetch their own.
 */
export default async function globalSetup(): Promise<void> {
  execFileSync(process.execPath, [join(root, 'examples', 'digits', 'prepare.mjs')], { stdio: 'inherit' });
  await temporalBinary().catch((error: Error) => console.warn(error.message));
  const lapack = describeLinearAlgebra().backends.find(({ name }) => name === 'lapack')!;
  if (lapack.available) return;
  await installOpenblas().catch((error: Error) => {
    console.warn(`LAPACK will not be tested: ${lapack.detail}; pip could not bring it: ${error.message}`);
  });
}
