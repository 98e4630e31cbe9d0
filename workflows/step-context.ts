import type { Run } from './run-state';
import { Sources } from './sources';
import type { Original } from '../contract/run';

/** What the steps that make candidates have in common. */
export interface Making {
  readonly run: Run;
  readonly original: Original;
  readonly sources: Sources;
}
