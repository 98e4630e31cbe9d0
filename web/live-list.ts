import type { Client } from '@temporalio/client';
import { setTimeout as sleep } from 'node:timers/promises';

import { type ListedRun, listRuns, type RunFilter } from '../client/list-runs';
import { reasonOf } from '../contract/failure-reason';
import { runsSection } from './page/runs-section';
import { type View, Watched } from './view';

/** Most runs on the page, and the time in ms between two looks. */
const [most, lookMs] = [200, 2000];

/** The list of runs that fit a filter. */
export class LiveList extends Watched {
  constructor(
    private readonly client: Client,
    private readonly filter: RunFilter,
  ) {
    super();
  }

  protected async watch(tell: (view: View) => void, signal: AbortSignal): Promise<void> {
    let runs: ListedRun[] = [];
    let trouble: string | undefined;
    while (!signal.aborted) {
      try {
        const found: ListedRun[] = [];
        for await (const run of listRuns(this.client, this.filter)) if (found.push(run) > most) break;
        [runs, trouble] = [found, undefined];
      } catch (error) {
        trouble = reasonOf(error);
      }
      const more = runs.length > most;
      const body = runsSection(runs.slice(0, most), this.filter, { more, trouble });
      tell({
        title: 'Slimflow: runs',
        heading: 'Runs of Slimflow',
        sections: [{ id: 'runs', title: 'Runs', body }],
        isOver: false,
      });
      await sleep(lookMs, undefined, { signal }).catch(() => undefined);
    }
  }
}
