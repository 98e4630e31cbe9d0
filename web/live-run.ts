import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Observation, PendingWork } from '../client/observation';
import { observe } from '../client/observe';
import type { EventPlace } from '../client/read-history';
import type { RunSources } from '../client/run-sources';
import { secondsLeft } from '../client/time-left';
import { reasonOf } from '../contract/failure-reason';
import { reportData } from '../report/html/data/report-data';
import { type Section, sectionsOf } from '../report/html/page/page';
import { idleWorkers } from './idle-workers';
import { LiveSources, type LiveStore } from './live-sources';
import { decideSection } from './page/decide-section';
import { nowSection } from './page/now-section';
import { type View, Watched } from './view';

/** Connections of a live page to the server that it shows. */
export interface LiveContext {
  readonly client: Client;
  readonly store: LiveStore;
  /** Address of a workflow in Temporal's UI; undefined if the UI is not known. */
  readonly workflowLink: (workflowId: string) => string | undefined;
  /** Name that decisions carry unless the person gives another. */
  readonly by: string;
}

/** Time in ms between two looks at a run, and after a look that failed. */
const [lookMs, againMs] = [1000, 2000];

/** A run whose report is drawn again when it changes. */
export class LiveRun extends Watched {
  private readonly sources: LiveSources;
  /** The last look that succeeded. */
  private last?: Observation;

  constructor(
    private readonly context: LiveContext,
    private readonly workflowId: string,
  ) {
    super();
    this.sources = new LiveSources(context.client, workflowId, context.store);
  }

  protected async watch(tell: (view: View) => void, signal: AbortSignal): Promise<void> {
    const { client } = this.context;
    while (!signal.aborted)
      try {
        for await (const observation of observe(client, this.workflowId, { signal, intervalMs: lookMs })) {
          this.last = observation;
          tell(await this.view(observation));
          if (observation.end) return;
        }
      } catch (error) {
        // Only a run that is not there ends the page: what else fails is tried again, and told meanwhile.
        if (signal.aborted || (error instanceof WorkflowNotFoundError && !this.last)) throw error;
        if (this.last) tell(await this.view(this.last, reasonOf(error)));
        await sleep(againMs, undefined, { signal }).catch(() => undefined);
      }
  }

  private async view(observation: Observation, trouble?: string): Promise<View> {
    const { end, progress } = observation;
    const sources = end?.result
      ? await this.sources.ofResult(end.result)
      : await this.sources.ofProgress(observation);
    const report = sources ? sectionsOf(reportData({ ...sources, linkOf: this.eventLink })) : [];
    const live: Section[] = end
      ? []
      : [
          { id: 'now', title: 'Now', body: await this.now(observation, sources, trouble) },
          ...(progress
            ? [{ id: 'decide', title: 'Decide', body: decideSection(progress, this.context.by) }]
            : []),
        ];
    return {
      heading: progress?.name ?? this.workflowId,
      title: `${progress?.name ?? this.workflowId}: ${end?.status ?? progress?.stage ?? 'running'}`,
      sections: [...live, ...report],
      isOver: end !== undefined,
    };
  }

  private async now(observation: Observation, sources: RunSources | undefined, trouble: string | undefined) {
    const { progress, work = [], scoringLeft, silent } = observation;
    const record = sources?.record;
    const events = new Map(
      record?.pieces.flatMap(({ event }) => (event ? [[keyOf(event), event] as const] : [])),
    );
    return nowSection(observation, {
      startedAt: record && new Date(record.startedAt).toISOString(),
      secondsLeft:
        progress && record && !progress.waiting && !progress.paused
          ? secondsLeft({ progress, record, work, scoringLeft, now: Date.now() })
          : undefined,
      idle: silent === 'server' ? [] : await idleWorkers(this.context.client, this.workflowId, work),
      linkOf: (one: PendingWork) => {
        const event = events.get(keyOf(one));
        return event ? this.eventLink(event) : this.context.workflowLink(one.workflowId);
      },
      trouble,
    });
  }

  private readonly eventLink = ({ workflowId, runId, eventId }: EventPlace): string | undefined => {
    const link = this.context.workflowLink(workflowId);
    return link !== undefined && runId ? `${link}/${runId}/history/events/${eventId}` : link;
  };
}

const keyOf = ({ workflowId, activityId }: Pick<PendingWork, 'workflowId' | 'activityId'>): string =>
  `${workflowId} ${activityId}`;
