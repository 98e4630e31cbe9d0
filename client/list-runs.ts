import type { Client, WorkflowExecutionInfo } from '@temporalio/client';

import { attributes } from '../contract/search-attributes';
import { isUnreadable, tolerant } from './tolerant';
import { usableAttributes } from '../server/register-attributes';
import { type RunStatus, statusOf } from './run-status';

/** Conditions on the runs to list; all that are given must hold. */
export interface RunFilter {
  readonly status?: RunStatus;
  /** Name of the model file, without `.onnx`. */
  readonly model?: string;
  readonly stage?: string;
  /** `selected` or `requirement-not-met`. */
  readonly outcome?: string;
  /** A condition in Temporal's query language, such as `SlimflowRatio < 0.5`. */
  readonly query?: string;
}

/** A run as listed. */
export interface ListedRun {
  readonly workflowId: string;
  readonly runId: string;
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly endedAt?: Date;
  /** The run's own description: model, target, stage, outcome and more. */
  readonly memo: Readonly<Record<string, unknown>>;
  /** Why the memo can't be read here, such as a codec that is missing; the memo is empty then. */
  readonly unreadable?: string;
}

/** Filters by search attributes that `slimflow setup` registers, whose values the memo has under the same names. */
const attributeFilters = ['model', 'stage', 'outcome'] as const satisfies readonly (keyof RunFilter &
  keyof typeof attributes)[];

const executionStatus: Record<RunStatus, string> = {
  running: 'Running',
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
  terminated: 'Terminated',
  'timed-out': 'TimedOut',
};
const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** Builds a filter's visibility query; `hasAttributes` says if the server has Slimflow's search attributes. */
export function visibilityQuery(filter: RunFilter, hasAttributes: boolean): string {
  const { status, query } = filter;
  return [
    'WorkflowType = "guidebook"',
    // An execution that only imported the files is the beginning of the run after it.
    status ? `ExecutionStatus = "${executionStatus[status]}"` : 'ExecutionStatus != "ContinuedAsNew"',
    ...(hasAttributes
      ? attributeFilters.flatMap((name) =>
          filter[name] === undefined ? [] : [`${attributes[name].name} = ${quoted(filter[name])}`],
        )
      : []),
    ...(query ? [`(${query})`] : []),
  ].join(' AND ');
}

/** Tells if a run's memo matches the filter, for servers without Slimflow's search attributes. */
export const fitsMemo = (memo: Readonly<Record<string, unknown>>, filter: RunFilter): boolean =>
  attributeFilters.every((name) => filter[name] === undefined || memo[name] === filter[name]);

/**
 * Lists the guidebook's runs in the client's namespace, running ones first, then the latest. Filters use search
 * attributes if the server has them (`slimflow setup`), else each run's memo.
 * @throws ServiceError if the server rejects the query
 * @example
 * ```ts
 * import { listRuns } from 'slimflow';
 *
 * for await (const { workflowId, status, memo } of listRuns(client, { status: 'running', model: 'model' }))
 *   console.log(workflowId, status, memo.stage);
 * ```
 */
export async function* listRuns(
  client: Client,
  filter: RunFilter = {},
): AsyncGenerator<ListedRun, void, undefined> {
  const asked = attributeFilters.filter((name) => filter[name] !== undefined);
  const hasAttributes = asked.length > 0 && (await hasAll(client, asked));
  for await (const run of tolerant(client).list({ query: visibilityQuery(filter, hasAttributes) }))
    if (hasAttributes || fitsMemo(run.memo ?? {}, filter)) yield listed(run);
}

const listed = (run: WorkflowExecutionInfo): ListedRun => {
  const unreadable = Object.values(run.memo ?? {}).find(isUnreadable);
  return {
    workflowId: run.workflowId,
    runId: run.runId,
    status: statusOf(run),
    startedAt: run.startTime,
    ...(run.closeTime && { endedAt: run.closeTime }),
    memo: unreadable ? {} : (run.memo ?? {}),
    ...(unreadable && { unreadable: unreadable.unreadable }),
  };
};

async function hasAll(client: Client, asked: readonly (keyof typeof attributes)[]): Promise<boolean> {
  const usable = await usableAttributes(client.connection, client.options.namespace);
  return asked.every((name) => usable.includes(attributes[name].name));
}
