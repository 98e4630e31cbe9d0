import { setTimeout as sleep } from 'node:timers/promises';

import { faults } from './faults';
import type { Caused, Recovery } from './faults/fault';
import type { Fleet } from './fleet';
import { goesOn, type Sample } from './observer';
import type { Runs } from './runs';
import type { FaultName, PlannedFault } from './schedule';

/** A fault that took place. */
export interface Incident {
  readonly fault: FaultName;
  /** Seconds since the first look at the runs. */
  readonly at: number;
  readonly hit: string;
  /** Seconds that it lasted. */
  readonly outage: number;
  /** Activities under way that it hit. */
  readonly activities: number;
  /**
   * Seconds from its start until everything that it hit continues; undefined if it hit nothing, or nothing that was
   * needed again.
   */
  readonly recovery?: number;
}

const lookMs = 250;
/** Time that a fault waits for something to hit before it takes place anyway, or is given up. */
const patienceMs = 120_000;

/**
 * Causes the faults of a schedule, one after the other or overlapping, and measures how long the runs take to continue.
 */
export class Conductor {
  private readonly told: Incident[] = [];
  private readonly begun = Date.now();
  private latest: Sample = [];
  private readonly pending: Promise<void>[] = [];
  private over = false;

  constructor(
    private readonly fleet: Fleet,
    private readonly runs: Runs,
    private readonly stopped: AbortSignal,
    private readonly say: (line: string) => void,
  ) {}

  /** The faults that took place, in order; complete after `end`. */
  get incidents(): readonly Incident[] {
    return [...this.told].sort((a, b) => a.at - b.at);
  }

  /** Causes all faults; resolves when the last one's activities continue. */
  async conduct(plan: readonly PlannedFault[]): Promise<void> {
    let before = Promise.resolve();
    for (const planned of plan) {
      if (!planned.overlaps) await before;
      await this.sleep(1000 * planned.pause);
      const caused = await this.cause(planned);
      if (!caused) continue;
      const recovered = this.follow(planned, caused);
      this.pending.push(recovered);
      // Handled by `end`; until then it must not count as unhandled.
      recovered.catch(() => undefined);
      before = caused.recovery.by === 'activities' ? recovered : caused.over;
    }
    await before;
  }

  /** Call it when all runs are over: it does not wait for work that was not requested by then. */
  async end(): Promise<void> {
    this.over = true;
    await Promise.all(this.pending);
  }

  /** Causes a fault once there is work for it to hit; undefined if there is nothing to hit at all. */
  private async cause(planned: PlannedFault): Promise<Caused | undefined> {
    for (const end = Date.now() + patienceMs; ; await this.sleep(lookMs)) {
      await this.look();
      if (!this.latest.some(({ started }) => started) && Date.now() < end) continue;
      const caused = await faults[planned.fault].cause(this.fleet, planned, this.latest);
      if (caused || Date.now() > end) return caused;
    }
  }

  /** Waits until the runs have recovered from a fault, and records it. */
  private async follow({ fault }: PlannedFault, { hit, over, recovery }: Caused): Promise<void> {
    const begun = Date.now();
    const seconds = () => (Date.now() - begun) / 1000;
    const at = (begun - this.begun) / 1000;
    this.say(`${at.toFixed(0).padStart(5)} s  ${faults[fault].title}: ${hit}`);
    const outage = over.then(seconds);
    const [activities, recovered] =
      recovery.by === 'restored'
        ? [0, await this.until(recovery.isRestored)]
        : await this.untilGoingOn(recovery, over);
    const took = recovered ? seconds() : undefined;
    this.told.push({ fault, at, hit, outage: await outage, activities, recovery: took });
  }

  /** Counts the activities that a fault has hit. */
  private async untilGoingOn(
    { hit, from }: Extract<Recovery, { by: 'activities' }>,
    over: Promise<void>,
  ): Promise<[activities: number, recovered: boolean]> {
    const before = this.latest.filter(hit);
    if (from === 'end') await over;
    const since = Date.now();
    const struck = from === 'end' ? before : await this.stillPending(before);
    await this.until(async () => (await this.look()) && goesOn(struck, this.latest, since));
    return [struck.length, struck.length > 0];
  }

  /** Returns those that were not done when the fault came: the last look was a moment before it. */
  private async stillPending(activities: Sample): Promise<Sample> {
    if (!(await this.look())) return activities;
    const pending = new Set(this.latest.map(({ key }) => key));
    return activities.filter(({ key }) => pending.has(key));
  }

  /** Tells if a condition became true before the runs were over. */
  private async until(condition: () => Promise<boolean>): Promise<boolean> {
    for (;;) {
      const over = this.over;
      if (await condition()) return true;
      if (over) return false;
      await this.sleep(lookMs);
    }
  }

  private sleep(milliseconds: number): Promise<void> {
    return sleep(milliseconds, undefined, { signal: this.stopped });
  }

  /** Returns true if the server answered. */
  private async look(): Promise<boolean> {
    const now = await this.runs.look();
    if (now) this.latest = now;
    return now !== undefined;
  }
}
