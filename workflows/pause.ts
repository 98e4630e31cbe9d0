import {
  type ChildWorkflowHandle,
  type ChildWorkflowOptions,
  condition,
  startChild,
  type Workflow,
  type WithWorkflowArgs,
  type WorkflowResultType,
} from '@temporalio/workflow';

import { type PauseRequest, pauseSignal, type ResumeRequest, resumeSignal } from '../contract/messages';
import type { Pause } from '../contract/run';
import { hearPauseSignals } from './hear';

// Every workflow execution has modules of its own: this is the state of one of them.
let pause: Pause | undefined;
const children = new Set<ChildWorkflowHandle<Workflow>>();

/** Who holds this workflow, and since when; undefined while it goes on. */
export const paused = (): Pause | undefined => pause;

/** Waits as long as this workflow is paused. */
export const untilResumed = (): Promise<void> => condition(() => !pause);

/** Lets no further activity or child start, here and in the children. A second pause changes nothing. */
export function hold({ by, reason }: PauseRequest): void {
  if (pause) return;
  pause = { by, at: new Date().toISOString(), ...(reason !== undefined && { reason }) };
  const told = pause;
  children.forEach((child) => tell(child.signal(pauseSignal, told)));
}

/** Ends the pause, here and in the children. */
export function release(request: ResumeRequest): void {
  if (!pause) return;
  pause = undefined;
  children.forEach((child) => tell(child.signal(resumeSignal, request)));
}

/** Options of a child workflow, as startChild takes them. */
type ChildOptions = Omit<ChildWorkflowOptions, 'typeInfo'> & { readonly typeInfo?: undefined };

/** Makes a child workflow follow the pauses of its parent; `onChange` is called after each. */
export function hearPauses(onChange: () => void = () => undefined): void {
  hearPauseSignals(
    (request) => {
      hold(request);
      onChange();
    },
    (request) => {
      release(request);
      onChange();
    },
  );
}

/**
 * Runs a child workflow that is paused and resumed with this one; during a pause it is not started. The child has to
 * call `hearPauses`.
 * @throws ChildWorkflowFailure
 */
export async function executePausable<Child extends Workflow>(
  child: Child,
  options: WithWorkflowArgs<Child, ChildOptions>,
): Promise<WorkflowResultType<Child>> {
  await untilResumed();
  const handle = await startChild(child, options);
  children.add(handle);
  try {
    if (pause) tell(handle.signal(pauseSignal, pause));
    return await handle.result();
  } finally {
    children.delete(handle);
  }
}

/** A child that ended meanwhile need not hear. */
const tell = (signal: Promise<void>): void => void signal.catch(() => undefined);
