import { parseModel } from '../../../engine/onnx/model';
import { Session } from '../../../engine/runtime/session';
import { floats, type Tensor } from '../../../engine/tensor/tensor';
import type { TrainingSettings } from '../../../engine/training/settings';
import { probeBlock } from '../../../engine/training/lowering/probe';
import { withOwnConstants } from '../../../engine/training/parameters/parameters';
import { ratesAt } from '../../../engine/training/optimizers/schedule';
import { measureShapes } from '../../../engine/training/emit/batch-shapes';
import { buildTrainingStep, names, ratesFeed } from '../../../engine/training/step/step';
import { initialVectors, valuesOf } from '../../../engine/training/parameters/vectors';
import { distance, floatsOf, goldenTensors } from './support';

const goldens = goldenTensors('settings.safetensors');
const images = floatsOf(goldens.get('common')!.get('images'));
goldens.delete('common');
const image = [3, 8, 8];
const [steps, batch] = [10, 8];
const pixels = batch * 192;

/** The ten steps of make_settings.py. */
async function train(golden: ReadonlyMap<string, Tensor>, block: number | undefined) {
  const model = (name: string) => withOwnConstants(parseModel(golden.get(name)!.data as Uint8Array));
  const settings = JSON.parse(
    Buffer.from(golden.get('settings')!.data as Uint8Array).toString(),
  ) as TrainingSettings;
  const graph = model('model');
  const { data, dims } = golden.get('labels')!;
  const [labelShape, floatLabels] = [dims.slice(1), data instanceof Float32Array];
  const teacher = golden.has('teacher') ? model('teacher') : undefined;
  const step = buildTrainingStep(graph, await measureShapes(graph, image), {
    ...settings,
    block,
    labelShape,
    floatLabels,
    unknownLabels: floatLabels && data.some(Number.isNaN),
    teacher: teacher && { graph: teacher, shapes: await measureShapes(teacher, image) },
  });
  const session = await Session.open(step.model, { threads: 1 });
  let vectors = initialVectors(step.vectors, graph);
  const losses: number[] = [];
  const width = data.length / (steps * batch);
  for (let at = 0; at < steps; at++) {
    const labels = (data as Float32Array).subarray(at * batch * width, (at + 1) * batch * width);
    const type = floatLabels ? 'float32' : 'int64';
    const results = await session.run({
      [step.samples[0].name]: floats([batch, ...image], images.subarray(at * pixels, (at + 1) * pixels)),
      ...(step.labels && { [names.labels]: { type, dims: [batch, ...labelShape], data: labels } }),
      ...ratesFeed(step, ratesAt(at, steps, settings), at),
      ...Object.fromEntries(
        step.vectors.map(({ name, input, size }) => [input, floats([size], vectors[name])]),
      ),
    });
    losses.push(floatsOf(results[names.loss])[0]);
    vectors = Object.fromEntries(step.vectors.map(({ name, output }) => [name, floatsOf(results[output])]));
  }
  await session.close();
  return { losses, values: valuesOf(step.vectors, vectors) };
}

describe('buildTrainingStep', () => {
  test.each([...goldens.keys()].flatMap((name) => [[name, 'plain'] as const, [name, 'blocked'] as const]))(
    '%s, %s: ten steps equal PyTorch',
    async (name, layout) => {
      const golden = goldens.get(name)!;
      const { losses, values } = await train(golden, layout === 'blocked' ? await probeBlock() : undefined);
      const apart = distance(losses, floatsOf(golden.get('losses')));
      expect({ losses, apart, close: apart < 1e-4 }).toEqual({ losses, apart, close: true });
      for (const [key, tensor] of values) {
        const apart = distance(floatsOf(tensor), floatsOf(golden.get(`value ${key}`)));
        expect({ key, apart, close: apart < 1e-3 }).toEqual({ key, apart, close: true });
      }
      expect(values.size).toBeGreaterThanOrEqual(4);
    },
  );
});
