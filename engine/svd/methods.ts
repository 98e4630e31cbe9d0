import type { SvdMethod } from './factorization';
import { spatialSvd } from './spatial';
import { weightSvd } from './weight';

/** Decompositions by the names that specs and commands use. */
export const svdMethods = {
  'spatial-svd': spatialSvd,
  'weight-svd': weightSvd,
} as const satisfies Record<string, SvdMethod>;
/** Name of a decomposition. */
export type SvdTechnique = keyof typeof svdMethods;
