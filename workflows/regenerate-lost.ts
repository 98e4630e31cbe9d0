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

/** More losses than that in a row are no accident. */
const maxLosses = 5;

/**
 * Activities that make again what the store lost: where one fails since artifacts are gone or broken that earlier
 * activities made, those are run again, as they were asked then, and then it is. What they need in turn is mended alike.
 */
export function mended(activities: Callables): Callables {
  const names = Object.keys(activities) as (keyof Activities)[];
  const mending: Callables = Object.fromEntries(
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
              await together(lost.map((work) => again(mending, work)));
            }
        },
      },
    ]),
  ) as unknown as Callables;
  return mending;
}

async function again(activities: Callables, { activity, request }: Lost): Promise<unknown> {
  const callable = activities[activity as keyof Activities] as Callable<never>;
  return callable.executeWithOptions({ summary: `${activity} again: the store lost what it made` }, [
    request,
  ] as never);
}

/** The work to do again before what failed can succeed; none where it is another failure, or can't be mended. */
function lostIn(error: unknown): readonly Lost[] {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof ApplicationFailure)) return [];
  const { type, details } = error.cause;
  if (type !== failureTypes.ArtifactMissing && type !== failureTypes.ArtifactCorrupt) return [];
  return (details?.[0] as readonly Lost[] | undefined) ?? [];
}
