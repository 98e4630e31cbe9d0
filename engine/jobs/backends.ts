import { linearAlgebra } from '../linalg/choose';
import type { LinearAlgebra } from '../linalg/linear-algebra';
import { type ProviderName, resolveProvider } from '../runtime/providers';
import type { Machinery } from '../names';

/** The machinery of a job, found on this machine. */
export interface Tools {
  readonly threads: number;
  readonly provider: ProviderName;
  readonly algebra: LinearAlgebra;
  /** Both, as a result tells of them. */
  readonly computedBy: { readonly provider: string; readonly linearAlgebra: string };
}

/** @throws EngineError `InvalidSettings` where what was asked for by name is not there. */
export async function toolsOf({ threads, provider, linearAlgebra: backend }: Machinery): Promise<Tools> {
  const resolved = await resolveProvider(provider);
  const algebra = linearAlgebra({ backend, threads });
  return {
    threads,
    provider: resolved,
    algebra,
    computedBy: { provider: resolved, linearAlgebra: algebra.describe() },
  };
}
