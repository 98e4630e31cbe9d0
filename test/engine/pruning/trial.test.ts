import { Dataset } from '../../../engine/data/dataset';
import { linearAlgebra } from '../../../engine/linalg/choose';
import { layersOf } from '../../../engine/onnx/layers';
import { openModel } from '../../../engine/onnx/open-model';
import { inferShapes } from '../../../engine/onnx/shapes';
import { channelImportance, keepMostImportant } from '../../../engine/pruning/importance';
import { reconstructGroups } from '../../../engine/pruning/reconstruct-groups';
import { ReconstructionSamples } from '../../../engine/reconstruction/samples';
import { GroupTrial } from '../../../engine/pruning/trial';
import { floats } from '../../../engine/tensor/tensor';
import { distance, randoms, runOnce } from '../../support/graphs';
import { digits, digitsModel } from '../../support/paths';
import { groupsIn } from './network';

const algebra = linearAlgebra({ backend: 'ml-matrix' });

const graph = openModel(digitsModel());
const layers = layersOf(graph);
const shapes = inferShapes(graph);
const found = groupsIn(graph);
const data = Dataset.open(digits(0, 7000));
afterAll(() => data.close());
const samples = new ReconstructionSamples(
  data,
  { samples: 60, patches: 10, seed: 1 },
  { threads: 1, algebra },
);

it.each([true, false])(
  'computes what the pruned and refitted model does (AIMET could: %s)',
  async (aimet) => {
    const at = found.groups.findIndex((group) => group.aimet === aimet);
    const group = found.groups[at];
    const keep = keepMostImportant(channelImportance(graph, group, 'l2'), group.channels - 3);
    const trial = await GroupTrial.open(graph, layers, shapes, group, samples);
    const plan = found.groups.map((_, i) => (i === at ? keep : null));
    const { graph: whole } = await reconstructGroups(graph, layers, found, plan, samples);
    const tried = trial.graph.clone();
    const replacements = await trial.replacements(keep);
    expect([...replacements.keys()].sort()).toEqual([...new Set(trial.constants)].sort());
    replacements.forEach((tensor, name) => tried.setConstant(name, tensor));
    const x = randoms([2, 1, 28, 28], 5);
    const [mine, theirs, original] = await Promise.all([tried, whole, graph].map((one) => runOnce(one, x)));
    const away = distance(original, theirs);
    // One consumer sees the same inputs in both; of several, the later see what the earlier leave.
    expect(distance(mine, theirs)).toBeLessThan(aimet ? 1e-3 * away + 1e-4 : away);
  },
);

it.each([true, false])(
  'by its importance keeps, of half the channels, those without which the outputs differ less (AIMET could: %s)',
  async (aimet) => {
    const group = found.groups.find((one) => one.aimet === aimet)!;
    const trial = await GroupTrial.open(graph, layers, shapes, group, samples);
    const input = floats([16, 1, 28, 28], data.slice(100, 16).images);
    const expected = await runOnce(graph, input);
    const errorOf = async (by: Float64Array) => {
      const tried = trial.graph.clone();
      const keep = keepMostImportant(by, group.channels / 2);
      (await trial.replacements(keep)).forEach((tensor, name) => tried.setConstant(name, tensor));
      return distance(await runOnce(tried, input), expected);
    };
    const importance = await trial.importance();
    expect([...importance].sort((a, b) => a - b)).toEqual(
      Array.from({ length: group.channels }, (_, at) => at),
    );
    expect(await errorOf(importance)).toBeLessThan(await errorOf(channelImportance(graph, group, 'l2')));
  },
);
