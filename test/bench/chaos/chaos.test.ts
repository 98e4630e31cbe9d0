import { join } from 'node:path';

import { type FaultName, type PlannedFault } from '../../../bench/chaos/schedule';
import { chaos } from '../../../bench/chaos/suite';
import { loadSpec } from '../../../run-spec/load';
import { inFolder } from '../../support/folder';
import { tinyJob } from '../../support/tiny';

const fault = (name: FaultName, outage: number): PlannedFault => ({
  fault: name,
  pause: 0,
  overlaps: true,
  outage,
  draw: 0,
});

it('runs side by side come to what they come to undisturbed, whatever fails meanwhile', () =>
  inFolder(async (folder) => {
    const spec = loadSpec(
      tinyJob(folder, { ssvdTargets: [0.6], ccpFactors: [1], revisit: { maxRevisits: 0 } }),
    );
    const { incidents, compared } = await chaos({
      folder: join(folder, 'chaos'),
      runs: 3,
      workers: 2,
      mount: false,
      patienceSeconds: 500,
      say: () => undefined,
      faults: [
        fault('kill-worker', 0),
        fault('kill-server', 0),
        fault('fill-store', 2),
        fault('cut-connection', 2),
        fault('stop-worker', 0),
      ],
      job: (lane, round) => ({
        name: `lane ${lane}, round ${round}`,
        spec: { ...spec, fineTune: { ...spec.fineTune, epochs: 20, seed: lane + 3 * round } },
      }),
    });
    expect(incidents.map(({ fault }) => fault).sort()).toEqual([
      'cut-connection',
      'fill-store',
      'kill-server',
      'kill-worker',
      'stop-worker',
    ]);
    expect(compared.length).toBeGreaterThanOrEqual(3);
    expect(compared.map(({ name, problems }) => [name, ...problems])).toEqual(
      compared.map(({ name }) => [name]),
    );
    expect(compared.every(({ model }) => model)).toBe(true);
  }));
