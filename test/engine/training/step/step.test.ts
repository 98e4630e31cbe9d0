import { join } from 'node:path';

import { loadModel, parseModel, serializeModel } from '../../../../engine/onnx/model';
import type { Graph } from '../../../../engine/onnx/graph';
import { makeNode } from '../../../../engine/onnx/graph';
import { Session } from '../../../../engine/runtime/session';
import { floats } from '../../../../engine/tensor/tensor';
import { probeBlock } from '../../../../engine/training/lowering/probe';
import { withOwnConstants } from '../../../../engine/training/parameters/parameters';
import { ratesAt } from '../../../../engine/training/optimizers/schedule';
import { measureShapes } from '../../../../engine/training/emit/batch-shapes';
import { buildTrainingStep, names, ratesFeed } from '../../../../engine/training/step/step';
import { initialVectors, valuesOf } from '../../../../engine/training/parameters/vectors';
import { digits, distance, floatsOf, goldenTensors, root } from '../support';

const example = (name: string) => loadModel(join(root, 'examples', 'digits', `${name}.onnx`));
const image = [1, 28, 28];
const goldens = goldenTensors('steps.safetensors');
const data = digits();

/** The ten steps of make_goldens.py. */
async function tenSteps(model: Graph, peak: number, block?: number) {
  const graph = withOwnConstants(model);
  const step = buildTrainingStep(graph, await measureShapes(graph, image), {
    weightDecay: 5e-4,
    decay: 'all',
    block,
  });
  const session = await Session.open(step.model, { threads: 1 });
  let vectors = initialVectors(step.vectors, graph);
  const losses: number[] = [];
  for (let at = 0; at < 10; at++) {
    const size = at === 9 ? 8 : 16;
    const rates = ratesAt(at, 10, { schedule: 'one-cycle', learningRate: peak, momentum: 0.9 });
    const labels = data.labels.subarray(16 * at, 16 * at + size);
    const results = await session.run({
      [step.samples[0].name]: floats(
        [size, ...image],
        data.images.subarray(16 * at * 784, (16 * at + size) * 784),
      ),
      [names.labels]: { type: 'int64', dims: [size], data: BigInt64Array.from(labels, BigInt) },
      ...ratesFeed(step, rates, at),
      ...Object.fromEntries(
        step.vectors.map(({ name, input, size: length }) => [input, floats([length], vectors[name])]),
      ),
    });
    losses.push(floatsOf(results[names.loss])[0]);
    vectors = Object.fromEntries(step.vectors.map(({ name, output }) => [name, floatsOf(results[output])]));
  }
  await session.close();
  return { losses, values: valuesOf(step.vectors, vectors) };
}

describe('buildTrainingStep', () => {
  test.each([
    ['resnet20-digits', 'plain', 0.001],
    ['resnet20-digits', 'blocked', 0.001],
    ['resnet20-digits.bn', 'plain', 0.01],
    ['resnet20-digits.bn', 'blocked', 0.01],
  ])('ten steps of %s, %s, equal PyTorch', async (name, layout, peak) => {
    const golden = goldens.get(name)!;
    const block = layout === 'blocked' ? await probeBlock() : undefined;
    const { losses, values } = await tenSteps(example(name), peak, block);
    const expected = floatsOf(golden.get('losses'));
    losses.forEach((loss, at) => expect(Math.abs(loss / expected[at] - 1)).toBeLessThan(1e-3));
    const compared = [...golden.keys()].filter((key) => key !== 'losses');
    expect(compared.length).toBeGreaterThan(25);
    for (const key of compared) {
      const apart = distance(floatsOf(values.get(key)), floatsOf(golden.get(key)));
      expect({ key, apart, close: apart < 1e-3 }).toEqual({ key, apart, close: true });
    }
  });

  test('the exporter of operator set 20 trains as that of 18', async () => {
    const older = await tenSteps(example('resnet20-digits'), 0.001);
    const newer = await tenSteps(example('resnet20-digits.dynamo'), 0.001);
    newer.losses.forEach((loss, at) => expect(Math.abs(loss / older.losses[at] - 1)).toBeLessThan(1e-3));
  });

  test.each([11, 12, 13, 17, 22])('operator set %i trains as 18', async (version) => {
    const model = example('resnet20-digits');
    model.model.opsetImport[0].version = BigInt(version);
    const { losses } = await tenSteps(model, 0.001, await probeBlock());
    const expected = floatsOf(goldens.get('resnet20-digits')!.get('losses'));
    losses.forEach((loss, at) => expect(Math.abs(loss / expected[at] - 1)).toBeLessThan(1e-3));
  });

  test('a closing Softmax is left out of the loss', async () => {
    const model = example('resnet20-digits');
    const [{ name }] = model.outputs;
    const last = model.producer(name)!;
    last.output[0] = 'before softmax';
    model.insert([makeNode({ op: 'Softmax', inputs: ['before softmax'], outputs: [name] })]);
    const { losses } = await tenSteps(parseModel(serializeModel(model)), 0.001);
    expect(Math.abs(losses[0] / floatsOf(goldens.get('resnet20-digits')!.get('losses'))[0] - 1)).toBeLessThan(
      1e-3,
    );
  });

  test('parameters before an operator without a gradient keep their values', async () => {
    const model = withOwnConstants(example('resnet20-digits'));
    const relus = model.nodes.filter(({ opType }) => opType === 'Relu');
    const convs = model.nodes.filter(({ opType }) => opType === 'Conv');
    relus[9].opType = 'Hardmax';
    const before = new Set(model.nodes.slice(0, model.nodes.indexOf(relus[9])));
    const kept = convs.filter((conv) => before.has(conv)).flatMap(({ input }) => input.slice(1));
    const whole = await measureShapes(model, image);
    const { parameters, notes } = buildTrainingStep(model, whole, { weightDecay: 0 });
    const trained = parameters.entries.map(({ name }) => name);
    const all = convs.flatMap(({ input }) => input.slice(1));
    expect(all.filter((name) => !trained.includes(name))).toEqual(kept);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/Relu.*no gradient.*Hardmax.*keep their values: .*and \d+ more/);
  });

  test('if nothing is left to train the operator is named', async () => {
    const model = example('resnet20-digits');
    const [{ name }] = model.outputs;
    model.producer(name)!.output[0] = 'before hardmax';
    model.insert([makeNode({ op: 'Hardmax', name: 'last', inputs: ['before hardmax'], outputs: [name] })]);
    const shapes = await measureShapes(model, image);
    expect(() => buildTrainingStep(model, shapes, { weightDecay: 0 })).toThrow(
      /no parameters that can be trained: node last \(Hardmax\) cannot be trained through/,
    );
  });

  test('a model of an operator set before 11 is refused', async () => {
    const model = example('resnet20-digits');
    const shapes = await measureShapes(model, image);
    model.model.opsetImport[0].version = 9n;
    expect(() => buildTrainingStep(model, shapes, { weightDecay: 0 })).toThrow(/opset 9.*11/);
  });

  test('BatchNormalization by running statistics leaves them as they are', async () => {
    const model = withOwnConstants(example('resnet20-digits.bn'));
    const shapes = await measureShapes(model, image);
    const step = buildTrainingStep(model, shapes, { weightDecay: 0, batchNorm: 'frozen' });
    expect(step.statistics.size).toBe(0);
    const kept = new Set(step.parameters.entries.map(({ name }) => name));
    const norms = model.nodes.filter(({ opType }) => opType === 'BatchNormalization');
    expect(norms.every(({ input }) => kept.has(input[1]) && kept.has(input[2]))).toBe(true);
    expect(step.model.nodes.filter(({ opType }) => opType === 'BatchNormalization')).toHaveLength(
      norms.length,
    );
  });
});
