import type { Machinery, Method, Selecting, Technique } from '../../engine/names';
import type { Provenance } from '../../engine/jobs/types';

/** A technique as AIMET applies it, to be changed where a test wants something else. */
export const methodOf = (technique: Technique, change: Partial<Method> = {}): Method => ({
  technique,
  cost: 'macs',
  score: 'metric',
  multiplicity: 1,
  minimum: 1,
  importance: 'l2',
  coupled: false,
  ignore: [],
  ...change,
});

export const optimal: Selecting = { mode: 'optimal', monotonic: false, ratios: {}, channels: {} };
export const machinery: Machinery = { provider: 'cpu', linearAlgebra: 'ml-matrix', threads: 1 };
export const compute = { provider: 'cpu', linearAlgebra: 'ml-matrix' } as const;
export const computedBy = { provider: 'cpu', linearAlgebra: 'ml-matrix' };
/** Who made the models of fake jobs. */
export const provenance: Provenance = {
  version: '0.0.0',
  engine: '0123456789abcdef',
  onnxruntime: '1.2.3',
  provider: 'cpu',
  device: 'Paper Processor',
};
