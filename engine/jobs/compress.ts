import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { macsOf, paramsOf } from '../onnx/layers';
import { stamp } from '../onnx/metadata';
import { saveModel } from '../onnx/model';
import { shortfallText } from '../ratios/shortfall';
import { provenanceOf } from '../runtime/provenance';
import { choosePlan, type Chosen, type ChosenUnits } from './choose-plan';
import type { Compressor } from './compressor';
import { compressorOf } from './compressors';
import { withBlock } from './channel-block';
import { openData } from './open-data';
import type { JobContext } from './job-context';
import { landOnLatency } from './latency-target';
import { compressLayerByLayer, type Tuned } from './layer-by-layer';
import { madeBy } from './provenance-step';
import { type CostName, costNames } from '../names';
import { openMeasured } from './open-measured';
import { type Tools, toolsOf } from './backends';
import { isRefitted } from './svd-compressor';
import type { CompressInput, Compression, PartPlan, Reconstruction } from './types';
import { verify } from './verify';

/**
 * Compresses a model to a share of its cost: chooses units for each part from the scores, then rewrites. The saved
 * graph is run against its equal in the original's shape, and its costs are counted, or measured, on it.
 * @throws EngineError `InvalidSettings`, `InvalidModel`, `UnsupportedModel`, `InvalidData`, `Cancelled`; `Diverged`
 * from fine-tuning between layers
 */
export async function compress(given: CompressInput, context: JobContext): Promise<Compression> {
  const tools = await toolsOf(given.machinery);
  const method = await withBlock(given.method, tools.provider);
  const input = { ...given, method };
  const graph = await openMeasured(input.model, method);
  const compressor = await compressorOf(graph, { ...input, tools, context });
  if (!compressor.parts.length)
    throw new EngineError(
      'UnsupportedModel',
      `${method.technique} can't compress any layer of ${input.model}: \`slimflow inspect\` says why`,
    );
  const choose = async (): Promise<Chosen> =>
    method.cost === 'latency'
      ? landOnLatency(graph, compressor, input, tools, context)
      : { selection: chooseByCount(graph, compressor, input, method.cost) };
  const { fineTuneEach } = input;
  const { chosen, ...made } = fineTuneEach
    ? await compressLayerByLayer(graph, compressor, { ...input, fineTuneEach }, tools, context, choose)
    : await compressAtOnce(compressor, input, tools, await choose());
  const notes = 'random' in input.train ? openData(graph, input.train, method.inputSize).notes : [];
  const [macs, params] = [macsOf(made.graph), paramsOf(made.graph)];
  const achieved = chosen.achieved ?? ratioOf(graph, made.graph, method.cost);
  const provenance = provenanceOf(tools.provider);
  stamp(made.graph, {
    step: 'compress',
    technique: method.technique,
    cost: method.cost,
    target: input.target,
    ...(input.fineTuneEach && { 'epochs.behind.each.layer': input.fineTuneEach.settings.epochs }),
    ...(isRefitted(input) && told(input.reconstruction)),
    multiplicity: chosen.selection.multiplicity,
    'linear.algebra': tools.algebra.name,
    ...(await madeBy(provenance, input)),
  });
  saveModel(made.graph, input.out);
  const { selection } = chosen;
  return {
    achieved,
    macs,
    params,
    plan: planOf(compressor, selection),
    shortfall: selection.shortfall && shortfallText(selection.shortfall, costNames[method.cost]),
    notes: [...notes, ...made.notes],
    multiplicity: selection.multiplicity,
    computedBy: tools.computedBy,
    provenance,
    ...(chosen.speed && { speed: chosen.speed }),
  };
}

/** Describes how the pairs of split layers were refitted, for the model's metadata. */
const told = ({ samples, patches, seed }: Reconstruction) => ({
  refit: `${samples} samples, ${patches} patches, seed ${seed}`,
});

/** Carries out a plan on the model as it is, and verifies the result. */
async function compressAtOnce(
  compressor: Compressor,
  input: CompressInput,
  tools: Tools,
  chosen: Chosen,
): Promise<Tuned> {
  const made = chosen.made ?? (await compressor.compress(chosen.selection.plan));
  await verify(made, input, tools);
  return { chosen, graph: made.graph, notes: made.notes };
}

const counts = { macs: macsOf, params: paramsOf };
type Counted = keyof typeof counts;

/** Counts the cost of a graph relative to another's; latencies are measured instead. */
const ratioOf = (before: Graph, after: Graph, cost: CostName): number =>
  counts[cost as Counted](after) / counts[cost as Counted](before);

/** Chooses by MACs or parameters. */
function chooseByCount(
  graph: Graph,
  compressor: Compressor,
  input: CompressInput,
  cost: Counted,
): ChosenUnits {
  const target = input.target === undefined ? undefined : input.target * counts[cost](graph);
  return choosePlan(compressor, { ...input, costOf: compressor.costOf[cost], target });
}

/** Lists units and ratios of the parts that changed. */
const planOf = ({ parts }: Compressor, { plan }: ChosenUnits): PartPlan[] =>
  parts.flatMap(({ name, full, unitsAtOne }, at) => {
    const units = plan[at];
    return units === null ? [] : [{ layer: name, units, of: full, ratio: units / unitsAtOne }];
  });
