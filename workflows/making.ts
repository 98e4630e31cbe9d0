import type { Run } from './run';
import { Sources } from './sources';
import type { Original } from './types';

/** What the steps that make candidates have in common. */
export interface Making {
  readonly run: Run;
  readonly original: Original;
  readonly sources: Sources;
}
