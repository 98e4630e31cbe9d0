import { EngineError } from '../errors';
import { inGuard, limitVariables } from '../runtime/guard/guarded-run';
import type { InputSize } from '../names';
import { JobProcessError } from './process-error';

/** A job took longer than it announced for what it was at; another try would as well. */
export class Overdue extends EngineError {
  constructor(
    readonly note: string,
    readonly seconds: number,
    at = 'the model',
  ) {
    super(
      'UnsupportedModel',
      `${at} takes longer than ${seconds} s (${limitVariables.seconds} sets another limit): ended at ${note}`,
    );
  }
}

/** Most seconds of processor time that are spent on looking for a node. */
const mostSeconds = 30;

/** Parts of a job's input that name the model it runs. */
interface Input {
  readonly model?: string;
  readonly inputSize?: InputSize;
  readonly method?: { readonly inputSize?: InputSize };
}

/**
 * Names the node in the error of a job whose process was ended or ended itself, if the model, run node by node in a process
 * with limits, ends at one as well.
 * @param bytes limit of that process
 */
export async function withNode(error: unknown, input: Input, bytes: number): Promise<unknown> {
  const { model } = input;
  const isOverdue = error instanceof Overdue;
  if (model === undefined || !(isOverdue || error instanceof JobProcessError)) return error;
  const seconds = Math.min(mostSeconds, isOverdue ? error.seconds : mostSeconds);
  const inputSize = input.inputSize ?? input.method?.inputSize;
  const outcome = await inGuard({ model, runs: [], byNode: true, inputSize }, { seconds, bytes });
  if ('results' in outcome || outcome.at === undefined) return error;
  if (isOverdue) return new Overdue(error.note, error.seconds, outcome.at);
  return new JobProcessError(error.problem, `${error.message}; so does ${outcome.at} alone`);
}
