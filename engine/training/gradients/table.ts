import { activation } from './activation';
import { arithmetic } from './arithmetic';
import { conv } from './conv';
import { matrix } from './matrix';
import { norm } from './norm';
import { pointwise } from './pointwise';
import { pool } from './pool';
import { reduce } from './reduce';
import { resample } from './resample';
import type { GradientRule } from './rule';
import { sampleNorm } from './sample-norm';
import { select } from './select';
import { shape } from './shape';
import { table } from '../../table';

/** Operators whose rules take the gradients of all outputs; of any other operator only the first output may be used. */
export const ofManyOutputs: ReadonlySet<string> = new Set(['Split']);

/** Rules of reverse-mode differentiation: one row per operator, each written in standard ONNX operators. */
export const gradients = table<GradientRule>({
  ...conv,
  ...matrix,
  ...norm,
  ...sampleNorm,
  ...activation,
  ...pointwise,
  ...arithmetic,
  ...shape,
  ...select,
  ...resample,
  ...reduce,
  ...pool,
});
