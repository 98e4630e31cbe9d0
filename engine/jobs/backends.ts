import { linearAlgebra } from '../linalg/choose';
import type { LinearAlgebra } from '../linalg/linear-algebra';
import type { ProviderName } from '../names';
import { withFastProducts } from '../runtime/products';
import { resolveProvider } from '../runtime/providers';
import type { Machinery } from '../names';

/** The machinery of a job, resolved on this machine. */
export interface Tools {
  readonly threads: number;
  readonly provider: ProviderName;
  readonly algebra: LinearAlgebra;
  /** Names of both, for results. */
  readonly computedBy: { readonly provider: string; readonly linearAlgebra: string };
}

/** @throws EngineError `InvalidSettings` if one requested by name is not available */
export async function toolsOf({ threads, provider, linearAlgebra: backend }: Machinery): Promise<Tools> {
  const resolved = await resolveProvider(provider);
  const algebra = withFastProducts(linearAlgebra({ backend, threads }), threads);
  return {
    threads,
    provider: resolved,
    algebra,
    computedBy: { provider: resolved, linearAlgebra: algebra.describe() },
  };
}
