import { type Batch, Dataset } from '../../../../engine/data/dataset';
import { Session } from '../../../../engine/runtime/session';
import { probeBlock } from '../../../../engine/training/lowering/probe';
import type { OpenSession } from '../../../../engine/training/loop/step-calls';
import { Computer } from '../../../../engine/training/loop/micro-batching';
import { ratesAt } from '../../../../engine/training/optimizers/schedule';
import { withOwnConstants } from '../../../../engine/training/parameters/parameters';
import { initialVectors } from '../../../../engine/training/parameters/vectors';
import { measureShapes } from '../../../../engine/training/emit/batch-shapes';
import { buildTrainingStep, type StepSettings } from '../../../../engine/training/step/step';
import { inFolder } from '../../../support/folder';
import { smallNetwork, smallSettings, writeSmall } from '../small';

const total = 6;
const image = [1, 8, 8];

/** Batches of twelve images, one for each step. */
const batches = (): Promise<Batch[]> =>
  inFolder((folder) => {
    const data = Dataset.open(writeSmall(folder));
    const all = Array.from({ length: total }, (_, at) => data.slice(12 * at, 12));
    data.close();
    return all;
  });

/** Returns the losses and the vectors after six steps, in calls of a given length. */
async function trained(
  normalized: boolean,
  settings: Partial<StepSettings>,
  { calls, stepsPerCall, microBatch }: { calls: number[]; stepsPerCall: number; microBatch?: number },
) {
  const graph = withOwnConstants(smallNetwork(normalized));
  const shapes = await measureShapes(graph, image);
  const own: StepSettings = { weightDecay: 5e-4, block: await probeBlock(), ...settings };
  const model = { graph, shapes, settings: own, step: buildTrainingStep(graph, shapes, own) };
  let runs = 0;
  const open: OpenSession = async (opened) => {
    const session = await Session.open(opened, { threads: 1, provider: 'cpu' });
    return { close: () => session.close(), run: (feeds) => (runs++, session.run(feeds)) };
  };
  const computer = new Computer(model, open, microBatch, stepsPerCall);
  const all = await batches();
  const losses: number[] = [];
  let vectors = initialVectors(model.step.vectors, graph);
  for (const count of calls) {
    const first = losses.length;
    const numbers = Array.from({ length: count }, (_, at) => first + at);
    const result = await computer.steps(vectors, {
      first,
      batches: numbers.map((number) => all[number]),
      rates: numbers.map((number) => ratesAt(number, total, smallSettings)),
    });
    losses.push(...result.losses);
    vectors = result.vectors;
  }
  await computer.close();
  return { result: { losses, vectors }, runs };
}

const taught = async (): Promise<Partial<StepSettings>> => {
  const graph = withOwnConstants(smallNetwork(false));
  const teacher = { graph, shapes: await measureShapes(graph, image) };
  return { teacher, distillation: { weight: 0.5 }, clip: 1 };
};

const cases: [name: string, settings: () => Partial<StepSettings> | Promise<Partial<StepSettings>>][] = [
  ['SGD', () => ({})],
  ['SGD with Nesterov, clipped', () => ({ nesterov: true, clip: 0.5 })],
  ['AdamW with an average', () => ({ optimizer: 'adamw', ema: 0.99 })],
  ['a teacher', taught],
  ['the plain layout', () => ({ block: undefined })],
  ['mixed precision', () => ({ mixed: true, optimizer: 'adamw' })],
];

describe.each(cases)('many steps per call, %s', (_, settings) => {
  test.each([
    ['whole batches', undefined],
    ['pieces of 5, 5 and 2', 5],
  ])('by %s, end in the bits of steps made one by one', async (__, microBatch) => {
    const given = await settings();
    const one = await trained(true, given, { calls: [6], stepsPerCall: 1, microBatch });
    expect(one.runs).toBe(microBatch ? 24 : 6);
    for (const calls of [[6], [1, 3, 2]]) {
      const many = await trained(true, given, { calls, stepsPerCall: 6, microBatch });
      expect(many.runs).toBe(calls.length);
      expect(many.result).toEqual(one.result);
    }
  });
});
