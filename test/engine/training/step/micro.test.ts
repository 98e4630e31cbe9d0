import { parseModel, serializeModel } from '../../../../engine/onnx/model';
import { Session } from '../../../../engine/runtime/session';
import { Dataset } from '../../../../engine/data/dataset';
import type { Batch } from '../../../../engine/data/dataset';
import type { OpenSession } from '../../../../engine/training/loop/step-calls';
import { Computer } from '../../../../engine/training/loop/micro-batching';
import { withOwnConstants } from '../../../../engine/training/parameters/parameters';
import { measureShapes } from '../../../../engine/training/emit/batch-shapes';
import type { TrainingSettings } from '../../../../engine/training/settings';
import { buildTrainingStep, type StepSettings } from '../../../../engine/training/step/step';
import { initialVectors, type Vectors } from '../../../../engine/training/parameters/vectors';
import { inFolder } from '../../../support/folder';
import { smallNetwork, writeSmall } from '../small';
import { distance, floatsOf, goldenTensors } from '../support';

const goldens = goldenTensors('settings.safetensors');
const images = floatsOf(goldens.get('common')!.get('images'));
goldens.delete('common');
const rates = { learningRate: 0.1, momentum: 0.9 };
const settings = { weightDecay: 5e-4 };

const allocationFailed = 'Failed to allocate memory for requested buffer of size 38545920';

/** Opens sessions that have memory for `most` images, and fail as ONNX Runtime does for more. */
const shortOfMemory =
  (most: number, reason = allocationFailed): OpenSession =>
  async (model) => {
    const session = await Session.open(parseModel(serializeModel(model)), { threads: 1, provider: 'cpu' });
    return {
      close: () => session.close(),
      run: async (feeds, fetches) => {
        if ((feeds.x?.dims[0] ?? 0) > most) {
          throw new Error(`ONNX Runtime failed to run the model on cpu: ${reason}`);
        }
        return session.run(feeds, fetches);
      },
    };
  };

/** A batch, the vectors that training begins with, and what computes steps. */
async function begin(normalized: boolean): Promise<{
  batch: Batch;
  vectors: Vectors;
  computer: (microBatch?: number, most?: number, reason?: string) => Computer;
}> {
  const graph = withOwnConstants(smallNetwork(normalized));
  const shapes = await measureShapes(graph, [1, 8, 8]);
  const step = buildTrainingStep(graph, shapes, settings);
  const batch = await inFolder((folder) => {
    const data = Dataset.open(writeSmall(folder));
    const rows = data.slice(0, 12);
    data.close();
    return rows;
  });
  const vectors = initialVectors(step.vectors, graph);
  const model = { graph, shapes, settings, step };
  return {
    batch,
    vectors,
    computer: (microBatch, most = Infinity, reason?) =>
      new Computer(model, shortOfMemory(most, reason), microBatch),
  };
}

async function stepOf(computer: Computer, before: Vectors, batch: Batch) {
  const { losses, vectors } = await computer.steps(before, { first: 0, batches: [batch], rates: [rates] });
  expect(losses).toHaveLength(1);
  return { loss: losses[0], vectors };
}

describe('a step in pieces', () => {
  test.each([1, 5, 6, 12])('of %i images gives what a whole step does', async (size) => {
    const { batch, vectors, computer } = await begin(false);
    const [whole, pieces] = [computer(), computer(size)];
    let [one, other] = [
      { loss: 0, vectors },
      { loss: 0, vectors },
    ];
    for (let step = 0; step < 3; step++) {
      one = await stepOf(whole, one.vectors, batch);
      other = await stepOf(pieces, other.vectors, batch);
    }
    expect(Math.abs(other.loss - one.loss)).toBeLessThan(1e-4 * one.loss);
    for (const name of ['parameters', 'momenta'])
      expect(distance(other.vectors[name], one.vectors[name])).toBeLessThan(1e-4);
    expect(distance(one.vectors.parameters, vectors.parameters)).toBeGreaterThan(0.01);
    await whole.close();
    await pieces.close();
  });

  test.each([...goldens.keys()])('gives what a whole step does by the settings of %s', async (name) => {
    const golden = goldens.get(name)!;
    const told = Buffer.from(golden.get('settings')!.data as Uint8Array).toString();
    const graphOf = (part: string) => withOwnConstants(parseModel(golden.get(part)!.data as Uint8Array));
    const image = [3, 8, 8];
    const { data, dims } = golden.get('labels')!;
    const first = data.slice(0, (8 * data.length) / 80);
    const floatLabels = first instanceof Float32Array;
    const graph = graphOf('model');
    const shapes = await measureShapes(graph, image);
    const teacher = golden.has('teacher') ? graphOf('teacher') : undefined;
    const own: StepSettings = {
      ...(JSON.parse(told) as TrainingSettings),
      labelShape: dims.slice(1),
      floatLabels,
      unknownLabels: floatLabels && first.some(Number.isNaN),
      teacher: teacher && { graph: teacher, shapes: await measureShapes(teacher, image) },
    };
    const step = buildTrainingStep(graph, shapes, own);
    const batch: Batch = {
      images: images.slice(0, 8 * 192),
      labels: floatLabels ? first : Int32Array.from(first, Number),
      size: 8,
    };
    const model = { graph, shapes, settings: own, step };
    // BatchNormalization sees other batches in pieces.
    const size = step.statistics.size ? 8 : 3;
    const [whole, pieces] = [
      new Computer(model, shortOfMemory(8)),
      new Computer(model, shortOfMemory(3 + size), size),
    ];
    const vectors = initialVectors(step.vectors, graph);
    const one = await stepOf(whole, vectors, batch);
    const other = await stepOf(pieces, vectors, batch);
    expect(Math.abs(other.loss - one.loss)).toBeLessThan(1e-4 * Math.max(one.loss, 1));
    for (const { name } of step.vectors)
      expect({ name, apart: distance(other.vectors[name], one.vectors[name]) }).toEqual({
        name,
        apart: expect.closeTo(0, 2) as number,
      });
    await whole.close();
    await pieces.close();
  });

  test('of all images gives the same with BatchNormalization', async () => {
    const { batch, vectors, computer } = await begin(true);
    const [whole, pieces] = [computer(), computer(12)];
    const one = await stepOf(whole, vectors, batch);
    const other = await stepOf(pieces, vectors, batch);
    for (const name of ['parameters', 'momenta', 'statistics'])
      expect(distance(other.vectors[name], one.vectors[name])).toBeLessThan(1e-4);
    await whole.close();
    await pieces.close();
  });

  test('moves running statistics piece by piece, as steps that change nothing else would', async () => {
    const { batch, vectors, computer } = await begin(true);
    const [whole, pieces] = [computer(), computer(6)];
    const { vectors: moved } = await stepOf(pieces, vectors, batch);
    let still = vectors;
    for (const first of [0, 6]) {
      const half: Batch = {
        images: batch.images.slice(64 * first, 64 * (first + 6)),
        labels: batch.labels.slice(first, first + 6),
        size: 6,
      };
      const { statistics } = (await stepOf(whole, { ...vectors, statistics: still.statistics }, half))
        .vectors;
      still = { ...vectors, statistics };
    }
    expect(distance(moved.statistics, still.statistics)).toBeLessThan(1e-5);
    expect(distance(moved.statistics, vectors.statistics)).toBeGreaterThan(0.01);
    await whole.close();
    await pieces.close();
  });
});

describe('without memory for the whole batch', () => {
  test.each([
    'CUDNN failure 2: CUDNN_STATUS_ALLOC_FAILED ; GPU=0',
    'CUDA failure 2: cudaErrorMemoryAllocation',
    'spawn ENOMEM',
    'std::bad_alloc',
  ])('the batch is halved after %s', async (reason) => {
    const { batch, vectors, computer } = await begin(false);
    const short = computer(undefined, 6, reason);
    await stepOf(short, vectors, batch);
    expect(short.microBatch).toBe(6);
    await short.close();
  });

  test('a step is halved until it fits, and is then as if that had been asked for', async () => {
    const { batch, vectors, computer } = await begin(true);
    const [short, asked] = [computer(undefined, 5), computer(3)];
    const found = await stepOf(short, vectors, batch);
    expect(short.microBatch).toBe(3);
    expect(found).toEqual(await stepOf(asked, vectors, batch));
    await short.close();
    await asked.close();
  });

  test('not even for one image, it fails with a sentence', async () => {
    const { batch, vectors, computer } = await begin(true);
    await expect(stepOf(computer(undefined, 0), vectors, batch)).rejects.toMatchObject({
      code: 'UnsupportedModel',
      message: expect.stringMatching(/a single image does not fit.*use a machine with more/) as string,
    });
  });

  test('other errors stay what they are', async () => {
    const { batch, vectors, computer } = await begin(true);
    const wrong = { ...batch, labels: batch.labels.slice(0, 3) };
    const whole = computer();
    await expect(stepOf(whole, vectors, wrong)).rejects.toThrow();
    expect(whole.microBatch).toBeUndefined();
    await whole.close();
  });
});
