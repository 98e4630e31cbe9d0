import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { prepare } from '../../intake/prepare';
import { withFleet } from './fleet';
import { limitedRoom } from './room';
import { type Job, Runs } from './runs';

export interface RefusalOptions {
  readonly folder: string;
  readonly workers: number;
  readonly job: Job;
  readonly patienceSeconds: number;
  readonly say: (line: string) => void;
}

/** Outcome of a run whose model, as the user gave it, was damaged in the store. */
export interface Refusal {
  /** The damage. */
  readonly damage: string;
  /** True if the run failed, as it must: nobody can compute the user's file. */
  readonly isRefused: boolean;
  readonly message: string;
  /** True if the same spec runs to its end afterwards: starting it imports the user's file again. */
  readonly isFixed: boolean;
}

const damages: Readonly<Record<string, (path: string) => void>> = {
  deleted: (path) => rmSync(path),
  'cut in half': (path) => truncateSync(path, 1000),
};

/** Damages the user's model in the store once a run was started and before a worker has read it. */
export async function refusals(options: RefusalOptions): Promise<Refusal[]> {
  const found: Refusal[] = [];
  for (const damage of Object.keys(damages)) found.push(await refusal(damage, options));
  return found;
}

async function refusal(
  damage: string,
  { folder, workers, job, patienceSeconds, say }: RefusalOptions,
): Promise<Refusal> {
  const place = join(folder, `refused, ${damage}`);
  const room = limitedRoom(join(place, 'room'));
  return withFleet({ folder: place, workers, room }, async (fleet, stopped) => {
    const runs = new Runs(fleet, patienceSeconds, stopped);
    const handle = await runs.start(job);
    const { model } = await prepare(job.spec, fleet.store);
    damages[damage](fileURLToPath(model.uri));
    fleet.startWorkers();
    const { failure } = await runs.end(job, handle);
    say(`the user's model ${damage}: ${failure ?? 'not refused'}`);
    const { result } = await runs.run(job);
    return {
      damage,
      isRefused: failure !== undefined,
      message: failure ?? '',
      isFixed: result !== undefined,
    };
  });
}
