import type { Client, WorkflowHandle } from '@temporalio/client';

import type { Activities } from '../../../contract/activities';
import { techniques } from '../../../engine/names';
import { guidebook, scoreModel } from '../../../workflow';
import type { QueueKind } from '../../../contract/task-queues';
import { type Calls, fakeInput, type World } from '../fake-activities';
import { scoringInput } from '../scoring';
import { until } from '../until';

/** A path through the workflows whose histories are kept. */
export interface Scenario {
  readonly name: string;
  readonly world?: Partial<World>;
  /** Starts it; its workflow id is the scenario's name. */
  readonly start: (client: Client, options: StartOptions) => Promise<WorkflowHandle>;
  /** Events while it runs. */
  readonly during?: (handle: WorkflowHandle, calls: Calls, client: Client) => Promise<void>;
  /** Task queues beside the workflow's that have a worker of the same world. */
  readonly queues?: readonly QueueKind[];
  /** The workflows that are kept, by their ids behind the scenario's; the first is the one that was started. */
  readonly keep: readonly string[];
}
interface StartOptions {
  readonly taskQueue: string;
  readonly workflowId: string;
}

/** Two layers a technique keep histories small. */
export const parts = techniques.flatMap((technique) => ['c1', 'c2'].map((name) => ({ name, technique })));

/** A guidebook run with these settings. */
export const run =
  (settings: object = {}): Scenario['start'] =>
  (client, options) =>
    client.workflow.start(guidebook, { ...options, args: [fakeInput(settings)] });

/** The scoring of a number of layers by itself. */
export const scoring =
  (layers: number, limits: Parameters<typeof scoringInput>[1]): Scenario['start'] =>
  (client, options) =>
    client.workflow.start(scoreModel, { ...options, args: [scoringInput(layers, limits)] });

/** A world of a number of layers, c0, c1, … */
export const scoringWorld = (layers: number): Partial<World> => ({
  parts: Array.from({ length: layers }, (_, i) => ({ name: `c${i}`, technique: 'spatial-svd' })),
});

/** Waits until an activity was requested a number of times. */
export const called = (calls: Calls, activity: keyof Activities, times: number): Promise<void> =>
  until(() => calls.filter(([name]) => name === activity).length >= times);

/** One spatial SVD and nothing else: the smallest run there is. */
export const one = { techniques: ['spatial-svd'], ssvdTargets: [0.65] };
/** Its candidate. */
export const candidate = 'ssvd-0.65';
/** The scoring of the original, as a workflow. */
export const scoringOf = 'scores/original/spatial-svd';
