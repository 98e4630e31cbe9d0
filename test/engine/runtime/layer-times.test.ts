import { layersOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/open-model';
import { attributed, layerTimes } from '../../../engine/runtime/layer-times';
import { tinyNetwork } from '../../support/tiny';
import { zooModel } from '../../zoo/models';

it.each(['resnet18-torchscript', 'mobilenet_v2-torchscript'])(
  'every layer of %s has a time, although ONNX Runtime fuses what follows it',
  async (name) => {
    const graph = openModel(zooModel(name));
    const { layers, ms } = await layerTimes(graph, { threads: 1, runs: 2 });
    expect(Object.keys(layers).sort()).toEqual(
      layersOf(graph)
        .map((layer) => layer.name)
        .sort(),
    );
    const sum = Object.values(layers).reduce((all, one) => all + one, 0);
    expect(sum).toBeLessThanOrEqual(2 * ms);
    expect(Object.values(layers).every((one) => one > 0)).toBe(true);
  },
);

it('a kernel that is called after an activation belongs to the layer before it', () =>
  expect(
    attributed(tinyNetwork(), [
      { node: 'c1.relu_nchwc', op: 'Conv', ms: 1 },
      { node: 'c2', op: 'FusedConv', ms: 2 },
      { node: 'ReorderOutput_token_1', op: 'ReorderOutput', ms: 4 },
      { node: 'c3.relu', op: 'Relu', ms: 8 },
    ]),
  ).toEqual({ c1: 1, c2: 2 }));
