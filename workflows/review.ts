import { condition } from '@temporalio/workflow';

import { milliseconds } from './rules/duration';
import type { Run } from './run-state';
import type { Waiting } from '../contract/run';

/**
 * Outcome of a review. approved: by a person, or because nobody is asked, or nobody came in time and the spec says to
 * continue then. changed: a person changed something, so the proposal may change too. stopped: nobody came in time, and
 * the run ends with nothing selected.
 */
export type Reviewed = 'approved' | 'changed' | 'stopped';

/**
 * Asks a person to approve what a rule proposes, if the spec wants that, and waits durably. The time that the spec
 * gives starts again with each call, so with each change that a person makes.
 */
export async function review(
  run: Run,
  subject: Waiting['for'],
  proposed: readonly string[],
): Promise<Reviewed> {
  const { people } = run;
  const { afterPick, afterSelect, timeout, onTimeout } = people.settings.review;
  const isAsked = subject === 'picks' ? afterPick : afterSelect;
  if (!isAsked || people[subject] || people.finishedBy !== undefined) return 'approved';
  const seen = people.changes;
  const until = timeout && new Date(Date.now() + milliseconds(timeout)).toISOString();
  run.wait({ for: subject, proposed, until });
  try {
    const changed = () => people.changes > seen;
    if (timeout === undefined) await condition(changed);
    else if (!(await condition(changed, timeout))) {
      const late = `nobody approved the ${subject} within ${timeout}`;
      run.note(`${late}: the run ${onTimeout === 'stop' ? 'stopped' : 'went on with what was proposed'}`);
      if (onTimeout === 'continue') return 'approved';
      people.stop(late, proposed[0]);
      return 'stopped';
    }
    return people[subject] || people.finishedBy !== undefined ? 'approved' : 'changed';
  } finally {
    run.wait(undefined);
  }
}
