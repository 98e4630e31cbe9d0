import type { Run } from './run-state';
import { Sources } from './sources';
import type { Original } from '../contract/run';

/** Input shared by the steps that make candidates. */
export interface StepContext {
  readonly run: Run;
  readonly original: Original;
  readonly sources: Sources;
}
