import { join } from 'node:path';

import { Conductor, type Incident } from './conductor';
import { type Fleet, withFleet } from './fleet';
import { limitedRoom, makeRoom } from './room';
import { type Finished, type Job, Runs } from './runs';
import type { PlannedFault } from './schedule';
import { differences } from './verdict';

export interface ChaosOptions {
  /** For servers, stores and logs; fresh. */
  readonly folder: string;
  /** Runs side by side. */
  readonly runs: number;
  /** Worker processes. */
  readonly workers: number;
  readonly faults: readonly PlannedFault[];
  /** Returns the settings of the `round`-th run of a lane. */
  readonly job: (lane: number, round: number) => Job;
  /** True to give the store its own file system, if that is permitted. */
  readonly mount: boolean;
  /** The longest time that one run may take. */
  readonly patienceSeconds: number;
  readonly say: (line: string) => void;
}

/** A disturbed run beside the undisturbed one of the same spec. */
export interface Compared {
  readonly name: string;
  readonly selected: string | null;
  /** SHA-256 of the final model. */
  readonly model?: string;
  /** Seconds disturbed and undisturbed, the others beside them. */
  readonly seconds: readonly [disturbed: number, undisturbed: number];
  /** True if the spec was run again after the end, since a fault had removed a finished model. */
  readonly again: boolean;
  /** Problems; none in a run that was computed as if nothing had happened. */
  readonly problems: readonly string[];
}

export interface ChaosReport {
  readonly incidents: readonly Incident[];
  readonly compared: readonly Compared[];
  /** Description of how the store's file system was filled. */
  readonly room: string;
}

/**
 * Guidebook runs side by side under faults, then the same specs undisturbed in a store of their own. While faults are
 * left, a lane whose run is over starts another, so that every fault finds work.
 * @throws Error if a run does not end
 */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { folder, mount, workers, say } = options;
  const place = (name: string) => join(folder, name, 'room');
  const room = mount ? makeRoom(place('disturbed'), 512) : limitedRoom(place('disturbed'));
  const { runs: disturbed, incidents } = await withFleet(
    { folder: join(folder, 'disturbed'), workers, room },
    (fleet, stopped) => disturb(fleet, stopped, options),
  );
  say(`the same ${disturbed.length} runs without faults`);
  const undisturbed = await withFleet(
    { folder: join(folder, 'undisturbed'), workers, room: limitedRoom(place('undisturbed')) },
    (fleet, stopped) => repeat(fleet, stopped, options, disturbed),
  );
  return {
    incidents,
    compared: disturbed.map((run, at) => compare(run, undisturbed[at])),
    room: room.how,
  };
}

interface Disturbed {
  readonly finished: Finished;
  readonly again: boolean;
}

async function disturb(
  fleet: Fleet,
  stopped: AbortSignal,
  { faults, job, runs: lanes, patienceSeconds, say }: ChaosOptions,
): Promise<{ runs: Disturbed[]; incidents: readonly Incident[] }> {
  const runs = new Runs(fleet, patienceSeconds, stopped);
  const conductor = new Conductor(fleet, runs, stopped, say);
  fleet.startWorkers();
  let faultsLeft = true;
  const conducted = conductor.conduct(faults).finally(() => (faultsLeft = false));
  const lane = async (number: number) => {
    const finished: Finished[] = [];
    for (let round = 0; round === 0 || faultsLeft; round++) {
      finished.push(await runs.run(job(number, round)));
      say(told(finished.at(-1)!));
    }
    return finished;
  };
  const [all] = await Promise.all([
    Promise.all(Array.from({ length: lanes }, (_, number) => lane(number))),
    conducted,
  ]);
  await conductor.end();
  const whole: Disturbed[] = [];
  for (const finished of all.flat()) whole.push(await madeWhole(fleet, runs, finished));
  return { runs: whole, incidents: conductor.incidents };
}

/** A run whose models are all in the store: done again, as a user would, if a fault removed one after the end. */
async function madeWhole(fleet: Fleet, runs: Runs, finished: Finished): Promise<Disturbed> {
  const models = finished.result?.candidates.map(({ model }) => model) ?? [];
  const there = await Promise.all(models.map((model) => fleet.store.has(model)));
  if (there.every(Boolean)) return { finished, again: false };
  const { result, failure } = await runs.run(finished.job);
  return { finished: { ...finished, result, failure }, again: true };
}

/** The same specs again, as many side by side, in order. */
async function repeat(
  fleet: Fleet,
  stopped: AbortSignal,
  { runs: lanes, patienceSeconds, say }: ChaosOptions,
  disturbed: readonly Disturbed[],
): Promise<Finished[]> {
  const runs = new Runs(fleet, patienceSeconds, stopped);
  fleet.startWorkers();
  const finished: Finished[] = [];
  const left = disturbed.map(({ finished }) => finished.job).entries();
  const lane = async () => {
    for (const [at, job] of left) {
      finished[at] = await runs.run(job);
      say(told(finished[at]));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return finished;
}

const told = ({ job, seconds, result, failure }: Finished) =>
  `${job.name}: ${result ? `${result.outcome}, ${result.selected ?? 'nothing'}` : `failed: ${failure}`} after ${seconds.toFixed(0)} s`;

function compare({ finished, again }: Disturbed, undisturbed: Finished): Compared {
  const { job, result, failure, seconds } = finished;
  const problems = !result
    ? [`the run failed: ${failure}`]
    : !undisturbed.result
      ? [`the run without faults failed: ${undisturbed.failure}`]
      : differences(undisturbed.result, result);
  return {
    name: job.name,
    selected: result?.selected ?? null,
    model: result?.candidates.find(({ id }) => id === result.selected)?.model.sha256,
    seconds: [seconds, undisturbed.seconds],
    again,
    problems,
  };
}
