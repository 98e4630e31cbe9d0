import { withPeople } from './people';
import { candidate, one, parts, run, type Scenario, scoring, scoringOf, scoringWorld } from './scenario';
import { setbacks } from './setbacks';

/** Every path that a change of the workflows could break. A new step, message or branch gets one here. */
export const scenarios = (): Scenario[] => [
  {
    name: 'plain',
    world: { parts },
    start: run(),
    keep: ['', scoringOf, candidate, 'ssvd-0.75/cp-0.67'],
  },
  {
    name: 'one-technique',
    world: { parts },
    start: run({ techniques: ['channel-pruning'], ccpFactors: [1] }),
    keep: [''],
  },
  {
    name: 'both-decompositions',
    world: { parts },
    start: run({
      techniques: ['spatial-svd', 'weight-svd', 'channel-pruning'],
      ssvdTargets: [0.7],
      ccpFactors: [1],
    }),
    keep: [''],
  },
  {
    name: 'revisited-upwards',
    world: { parts, metric: (ratio) => 98 - (1 - ratio) * 20 },
    start: run({ ssvdTargets: [0.6], ccpFactors: [1], revisit: { maxRevisits: 1 } }),
    keep: [''],
  },
  {
    name: 'revisited-downwards',
    world: { parts, metric: () => 98 },
    start: run({ ssvdTargets: [0.7], ccpFactors: [1], revisit: { maxRevisits: 1 } }),
    keep: [''],
  },
  {
    name: 'fine-tuned-by-layer',
    world: { parts },
    start: run({
      ...one,
      fineTune: { epochs: 1, perLayer: { epochs: 0.5 }, distillation: { weight: 0.5 } },
    }),
    keep: ['', candidate],
  },
  { name: 'continued-as-new', world: scoringWorld(3), start: scoring(3, { layers: 2 }), keep: [''] },
  ...setbacks(),
  ...withPeople(),
];
