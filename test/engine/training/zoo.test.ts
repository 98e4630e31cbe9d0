import { openModel } from '../../../engine/onnx/open-model';
import { Session } from '../../../engine/runtime/session';
import { floats } from '../../../engine/tensor/tensor';
import { pack, withOwnConstants } from '../../../engine/training/parameters/parameters';
import { measureShapes } from '../../../engine/training/emit/batch-shapes';
import { buildTrainingStep, names, ratesFeed } from '../../../engine/training/step/step';
import { outputOf } from '../../../engine/training/parameters/vectors';
import { inputFor, zooModel } from '../../zoo/models';
import { floatsOf } from './support';

const batch = 3;

/**
 * The slope of a network's loss along its gradient: by the gradient, which is its squared length, and by a central
 * difference over a hundred-thousandth of the parameters' length.
 */
async function slopes(name: string) {
  const graph = withOwnConstants(openModel(zooModel(name)));
  const images = inputFor(graph, batch);
  const shapes = await measureShapes(graph, images.dims.slice(1));
  const step = buildTrainingStep(graph, shapes, { weightDecay: 0 });
  const session = await Session.open(step.model, { threads: 1, optimize: 'disabled' });
  try {
    const start = pack(graph, step.parameters);
    const run = (parameters: Float32Array) =>
      session.run({
        [step.samples[0].name]: images,
        [names.labels]: { type: 'int64', dims: [batch], data: BigInt64Array.of(1n, 2n, 3n) },
        ...ratesFeed(step, { learningRate: 0, momentum: 0 }, 0),
        ...Object.fromEntries(
          step.vectors.map(({ name, input, size, initial }) => [
            input,
            floats([size], name === 'parameters' ? parameters : initial(graph)),
          ]),
        ),
      });
    // Without momentum and weight decay the new momenta are the gradient.
    const gradient = floatsOf((await run(start))[outputOf('momenta')]).slice();
    const squares = (values: Float32Array) => values.reduce((sum, value) => sum + value * value, 0);
    const given = squares(gradient);
    const distance = 1e-5 * Math.sqrt(squares(start) / given);
    const lossAt = async (along: number) => {
      const moved = start.map((value, at) => value + along * gradient[at]);
      return floatsOf((await run(moved))[names.loss])[0];
    };
    const measured = ((await lossAt(distance)) - (await lossAt(-distance))) / (2 * distance);
    return { given, measured, notes: step.notes };
  } finally {
    await session.close();
  }
}

describe('whole networks', () => {
  test.each([
    'alexnet-torchscript',
    'conv1d-torchscript',
    'convnext_tiny-dynamo',
    'convnext_tiny-torchscript',
    'densenet121-dynamo',
    'efficientnet_b0-torchscript',
    'keras_like-helper',
    'mobilenet_v2-torchscript',
    'mobilenet_v3_large-torchscript',
    'regnet_y_400mf-dynamo',
    'resnet18-torchscript',
    'resnext50-torchscript',
    'seresnet50-dynamo',
    'shufflenet_v2-dynamo',
    'shufflenet_v2-torchscript',
    'squeezenet1_1-dynamo',
    'vgg16_bn-dynamo',
  ])('%s has the gradient of its loss, and no parameter is left out', async (name) => {
    const { given, measured, notes } = await slopes(name);
    expect(notes).toEqual([]);
    // Between bends of Relu and pools a difference is off by up to a tenth; a missing or wrong gradient by much more.
    expect(measured / given).toBeGreaterThan(0.7);
    expect(measured / given).toBeLessThan(1.3);
  });
});
