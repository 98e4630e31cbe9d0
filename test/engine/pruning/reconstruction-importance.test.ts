import { Dataset } from '../../../engine/data/dataset';
import { linearAlgebra } from '../../../engine/linalg/choose';
import { layersOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/open-model';
import { inferShapes } from '../../../engine/onnx/shapes';
import { channelImportance, keepMostImportant } from '../../../engine/pruning/importance';
import { reconstructionImportance } from '../../../engine/pruning/reconstruction-importance';
import { GroupTrial } from '../../../engine/pruning/trial';
import { ReconstructionSamples } from '../../../engine/reconstruction/samples';
import { floats } from '../../../engine/tensor/tensor';
import { distance, runOnce } from '../../support/graphs';
import { digits, digitsModel } from '../../support/paths';
import { groupsIn } from './network';

const algebra = linearAlgebra({ backend: 'ml-matrix' });
const graph = openModel(digitsModel());
const layers = layersOf(graph);
const shapes = inferShapes(graph);
const { groups } = groupsIn(graph);
const data = Dataset.open(digits(0, 7000));
afterAll(() => data.close());
const samples = new ReconstructionSamples(
  data,
  { samples: 60, patches: 10, seed: 1 },
  { threads: 1, algebra },
);

it.each([true, false])(
  'of half the channels keeps those without which the outputs differ less (AIMET could: %s)',
  async (aimet) => {
    const group = groups.find((one) => one.aimet === aimet)!;
    const trial = await GroupTrial.open(graph, layers, shapes, group, samples);
    const input = floats([16, 1, 28, 28], data.slice(100, 16).images);
    const expected = await runOnce(graph, input);
    const errorOf = async (importance: Float64Array) => {
      const tried = trial.graph.clone();
      const keep = keepMostImportant(importance, group.channels / 2);
      (await trial.replacements(keep)).forEach((tensor, name) => tried.setConstant(name, tensor));
      return distance(await runOnce(tried, input), expected);
    };
    const found = await reconstructionImportance(graph, layers, shapes, group, samples);
    expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: group.channels }, (_, at) => at));
    expect(await errorOf(found)).toBeLessThan(await errorOf(channelImportance(graph, group, 'l2')));
  },
);
