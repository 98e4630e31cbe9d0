import { ActivityFailure, type ActivityOptions, ApplicationFailure } from '@temporalio/workflow';

import type { Activities, Lost } from '../contract/activities';
import { failureTypes } from '../contract/failure-types';
import { together } from './all-settled';

/** An activity as it is called. */
export interface Callable<Name extends keyof Activities> {
  executeWithOptions(
    options: ActivityOptions,
    args: Parameters<Activities[Name]>,
  ): Promise<Awaited<ReturnType<Activities[Name]>>>;
}
type Callables = { readonly [Name in keyof Activities]: Callable<Name> };

/** More losses in a row than this are not an accident: the failure is then passed on. */
const maxLosses = 5;

/**
 * Wraps activities so that lost artifacts are regenerated: if one fails because an input artifact is missing or corrupt,
 * reruns the activity that produced it with its original request, then retries. Recursive.
 */
export function regenerating(activities: Callables): Callables {
  const names = Object.keys(activities) as (keyof Activities)[];
  const wrapped: Callables = Object.fromEntries(
    names.map((name) => [
      name,
      {
        executeWithOptions: async (options: ActivityOptions, args: never) => {
          for (let losses = 0; ; losses++)
            try {
              return await (activities[name] as Callable<never>).executeWithOptions(options, args);
            } catch (error) {
              const lost = lostIn(error);
              if (!lost.length || losses === maxLosses) throw error;
              await together(lost.map((work) => rerun(wrapped, work)));
            }
        },
      },
    ]),
  ) as unknown as Callables;
  return wrapped;
}

async function rerun(activities: Callables, { activity, request }: Lost): Promise<unknown> {
  const callable = activities[activity as keyof Activities] as Callable<never>;
  return callable.executeWithOptions({ summary: `${activity} again: the store lost what it made` }, [
    request,
  ] as never);
}

/** Lists the work to rerun before the failed activity can succeed: none if it failed for another reason, or can't be helped. */
function lostIn(error: unknown): readonly Lost[] {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return [];
  const { type, details } = error.cause;
  if (type !== failureTypes.ArtifactMissing && type !== failureTypes.ArtifactCorrupt) return [];
  return (details?.[0] as readonly Lost[] | undefined) ?? [];
}
