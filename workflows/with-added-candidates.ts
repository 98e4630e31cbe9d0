import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';

import { makeCandidates } from './make-candidates';
import { reasonOf } from '../contract/failure-reason';
import type { StepContext } from './step-context';
import type { CandidatePlan } from '../contract/run';

/**
 * Waits for all of `tasks`, and for the candidates that people add meanwhile, which are begun at once.
 * @throws the failure that came first, once all of them have ended: a workflow that went on before would leave children
 * and activities behind that still compute
 */
export async function withAdded(context: StepContext, tasks: readonly Promise<void>[]): Promise<void> {
  const { added } = context.run.people;
  const scope = CancellationScope.current();
  const failures: unknown[] = [];
  let open = 0;
  const follow = (task: Promise<void>) => {
    open++;
    void task.catch((error: unknown) => failures.push(error)).finally(() => open--);
  };
  tasks.forEach(follow);
  const isAsked = () => added.length > 0 && !scope.consideredCancelled;
  while (open > 0 || isAsked()) {
    if (isAsked()) added.splice(0).forEach((plan) => follow(join(context, plan)));
    // What was cancelled ends by itself, and is waited for all the same.
    await CancellationScope.nonCancellable(() => condition(() => open === 0 || isAsked()));
  }
  if (failures.length) throw failures[0];
}

/** Makes one candidate that a person asked for. It may fail for itself, and not for the run. */
async function join({ run, original, sources }: StepContext, plan: CandidatePlan): Promise<void> {
  if (!run.isRunning(plan.id)) return; // skipped before it was begun
  try {
    const parent = run.candidates.find(({ id }) => id === plan.parent);
    const source = await sources.of(plan.technique, parent);
    await makeCandidates(run, original, [plan], source);
  } catch (error) {
    if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    // Who skipped it meanwhile has decided what it is.
    if (run.isRunning(plan.id)) run.fail(plan, reasonOf(error));
  }
}
