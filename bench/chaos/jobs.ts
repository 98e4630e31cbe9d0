import { join } from 'node:path';

import { CompressionSpec } from '../../run-spec/spec';
import { root } from '../docs';
import { split } from '../training/digits';
import type { Job } from './runs';

/** The part of the digits' guidebook that a run does. */
export interface JobSize {
  /** Training images of an epoch. */
  readonly trained: number;
  readonly ssvdTargets: readonly number[];
}

export const sizes = {
  full: { trained: 7000, ssvdTargets: [0.6, 0.8] },
  short: { trained: 2000, ssvdTargets: [0.75] },
  tiny: { trained: 320, ssvdTargets: [0.75] },
} satisfies Record<string, JobSize>;

/** Settings of the runs that go side by side; lanes with the same number of scored images share their scores. */
const lanes = [
  { target: 0.5, samples: 100 },
  { target: 0.55, samples: 100 },
  { target: 0.6, samples: 150 },
];

/**
 * A run of the digits example, smaller than the example's own; each of another seed, so that nothing trained is shared.
 */
export const digitsJob =
  ({ trained, ssvdTargets }: JobSize) =>
  (lane: number, round: number): Job => {
    const { target, samples } = lanes[lane % lanes.length];
    const data = split('train');
    return {
      name: `digits to ${target}, seed ${lane + lanes.length * round}`,
      spec: CompressionSpec.parse({
        model: join(root, 'examples', 'digits', 'resnet20-digits.onnx'),
        data: {
          train: { ...data, range: [0, trained] },
          evaluate: { ...data, range: [7000, 7500] },
          test: { ...data, range: [8000, 8500] },
        },
        target,
        tolerance: 10,
        ssvdTargets,
        candidates: [0.25, 0.5, 0.75],
        pick: { maxPicks: 1 },
        revisit: { maxRevisits: 0 },
        ccpFactors: [1],
        scoring: { samples },
        reconstruction: { samples: 100 },
        fineTune: { epochs: 1, learningRate: 0.001, seed: lane + lanes.length * round },
        latency: { runs: 3 },
      }),
    };
  };
