import type { Client, WorkflowHandle } from '@temporalio/client';

import type { Activities } from '../../../activities/types';
import { techniques } from '../../../engine/jobs/method';
import { guidebook, pauseSignal, resumeSignal, scoreModel } from '../../../workflow';
import { type Calls, fakeInput, hopeless, untilCancelled, type World } from '../fake-activities';
import { scoringInput } from '../scoring';

/** A path through the workflows whose histories are kept. */
export interface Scenario {
  readonly name: string;
  readonly world?: Partial<World>;
  /** Starts it; its workflow id is the scenario's name. */
  readonly start: (client: Client, options: StartOptions) => Promise<WorkflowHandle>;
  /** What happens to it while it runs. */
  readonly during?: (handle: WorkflowHandle, calls: Calls, client: Client) => Promise<void>;
  /** The workflows that are kept, by their ids behind the scenario's; the first is the one that was started. */
  readonly keep: readonly string[];
}
interface StartOptions {
  readonly taskQueue: string;
  readonly workflowId: string;
}

/** Two layers a technique keep histories small. */
const parts = techniques.flatMap((technique) => ['c1', 'c2'].map((name) => ({ name, technique })));
const run =
  (settings: object = {}): Scenario['start'] =>
  (client, options) =>
    client.workflow.start(guidebook, { ...options, args: [fakeInput(settings)] });
const scoring =
  (layers: number, limits: Parameters<typeof scoringInput>[1]): Scenario['start'] =>
  (client, options) =>
    client.workflow.start(scoreModel, { ...options, args: [scoringInput(layers, limits)] });
const scoringWorld = (layers: number): Partial<World> => ({
  parts: Array.from({ length: layers }, (_, i) => ({ name: `c${i}`, technique: 'spatial-svd' })),
});

/** Waits until an activity was asked for so many times. */
async function called(calls: Calls, activity: keyof Activities, times: number): Promise<void> {
  while (calls.filter(([name]) => name === activity).length < times)
    await new Promise((resolve) => setTimeout(resolve, 20));
}
const cancelDuring = (activity: keyof Activities): Pick<Scenario, 'world' | 'during'> => ({
  world: { parts, before: (name) => (name === activity ? untilCancelled() : undefined) },
  during: async (handle, calls) => {
    await called(calls, activity, 1);
    await handle.cancel();
  },
});
const failing = (activity: keyof Activities, message: string): Partial<World> => ({
  parts,
  before: (name) => {
    if (name === activity) throw hopeless('Diverged', message);
  },
});
/** Fails the first call of an activity, as a worker that is lost does: it is tried again. */
function onceFailing(activity: keyof Activities): Partial<World> {
  let failed = false;
  const before: World['before'] = (name) => {
    if (name !== activity || failed) return;
    failed = true;
    throw new Error('the connection was lost');
  };
  return { parts, before };
}
/** The layers wait for leave, so that the pause comes while they are under way. */
function pausedScoring(): Pick<Scenario, 'world' | 'during'> {
  let leave = () => {};
  const left = new Promise<void>((resolve) => (leave = resolve));
  return {
    world: { ...scoringWorld(4), before: (name) => (name === 'scoreLayer' ? left : undefined) },
    during: async (handle, calls, client) => {
      await called(calls, 'scoreLayer', 2);
      await handle.signal(pauseSignal, { by: 'ada', reason: 'the GPU is needed' });
      leave();
      await called(calls, 'listParts', 2); // it has continued as new, paused
      await client.workflow.getHandle(handle.workflowId).signal(resumeSignal, { by: 'ada' });
    },
  };
}

const candidate = 'ssvd-0.65';
const scoringOf = 'scores/original/spatial-svd';

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
      techniques: ['spatial-svd'],
      ssvdTargets: [0.65],
      fineTune: { epochs: 1, perLayer: { epochs: 0.5 }, distillation: { weight: 0.5 } },
    }),
    keep: ['', candidate],
  },
  {
    name: 'tried-again',
    world: onceFailing('fineTune'),
    start: run({ techniques: ['spatial-svd'], ssvdTargets: [0.65] }),
    keep: ['', candidate],
  },
  {
    name: 'candidates-fail',
    world: failing('fineTune', 'the loss grew without bound'),
    start: run({ techniques: ['spatial-svd'], ssvdTargets: [0.65] }),
    keep: ['', candidate],
  },
  {
    name: 'a-layer-fails',
    world: failing('scoreLayer', 'the layer has no finite score'),
    start: run(),
    keep: ['', scoringOf],
  },
  {
    name: 'cancelled-in-scoring',
    ...cancelDuring('scoreLayer'),
    start: run({ techniques: ['spatial-svd'] }),
    keep: ['', scoringOf],
  },
  {
    name: 'cancelled-in-training',
    ...cancelDuring('fineTune'),
    start: run({ techniques: ['spatial-svd'], ssvdTargets: [0.65] }),
    keep: ['', candidate],
  },
  { name: 'continued-as-new', world: scoringWorld(3), start: scoring(3, { layers: 2 }), keep: [''] },
  { name: 'paused-scoring', ...pausedScoring(), start: scoring(4, { layers: 2, inFlight: 2 }), keep: [''] },
];
