import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import { macsOf, paramsOf } from '../onnx/layers';
import { saveModel } from '../onnx/model';
import type { Selection, Shortfall } from '../ratios/select';
import { compareModels } from '../runtime/evaluate';
import { randomData } from '../runtime/feeds';
import { choosePlan } from './choose-plan';
import type { Compressed, Compressor } from './compressor';
import { compressorOf } from './compressors';
import { openData } from './data';
import type { JobContext } from './job';
import { landOnLatency } from './latency-target';
import { type CostName, costNames } from './method';
import { openMeasured } from './opened';
import { type Tools, toolsOf } from './tools';
import type { CompressInput, Compression, PartPlan } from './types';

/** How far a rewritten graph's outputs may be from its equal's, relative and squared: rounding, not a mistake. */
const rounding = 1e-5;

/** A plan that was carried out. */
export interface Carried {
  readonly selection: Selection;
  readonly made: Compressed;
  /** The cost asked about, relative to the model's. */
  readonly achieved: number;
}

/**
 * Compresses a model to a share of its cost: units for each part from the scores, then the rewrites. The saved graph is
 * run against its equal in the original's shape, and its costs are counted, or measured, on it.
 * @throws EngineError `InvalidSettings`, `InvalidModel`, `UnsupportedModel`, `InvalidData`, `Cancelled`
 */
export async function compress(input: CompressInput, context: JobContext): Promise<Compression> {
  const { method } = input;
  const tools = await toolsOf(input.machinery);
  const graph = await openMeasured(input.model, method);
  const compressor = await compressorOf(graph, { ...input, tools, context });
  if (!compressor.parts.length)
    throw new EngineError(
      'UnsupportedModel',
      `no layer of ${input.model} can be compressed by ${method.technique}`,
    );
  const { selection, made, achieved } =
    method.cost === 'latency'
      ? await landOnLatency(graph, compressor, input, tools, context)
      : await carryOut(graph, compressor, input, method.cost);
  await verify(made, input, tools);
  const notes = 'random' in input.train ? openData(graph, input.train, method.inputSize).notes : [];
  const [macs, params] = [macsOf(made.graph), paramsOf(made.graph)];
  saveModel(made.graph, input.out);
  return {
    achieved,
    macs,
    params,
    plan: planOf(compressor, selection),
    shortfall: selection.shortfall && sentence(selection.shortfall, method.cost),
    notes: [...notes, ...made.notes],
    computedBy: tools.computedBy,
  };
}

/** Chooses by MACs or parameters, and compresses. */
async function carryOut(
  graph: Graph,
  compressor: Compressor,
  input: CompressInput,
  cost: 'macs' | 'params',
): Promise<Carried> {
  const count = { macs: macsOf, params: paramsOf }[cost];
  const before = count(graph);
  const target = input.target === undefined ? undefined : input.target * before;
  const selection = choosePlan(compressor, { ...input, costOf: compressor.costOf[cost], target });
  const made = await compressor.compress(selection.plan);
  return { selection, made, achieved: count(made.graph) / before };
}

/** Why a plan stays away from the target, in the words of its cost. */
const sentence = ({ message }: Shortfall, cost: CostName): string =>
  message.replace('of the cost', `of the ${costNames[cost]}`);

/** Units and own ratios of the parts that changed. */
const planOf = ({ parts }: Compressor, { plan }: Selection): PartPlan[] =>
  parts.flatMap(({ name, full, unitsAtOne }, at) => {
    const units = plan[at];
    return units === null ? [] : [{ layer: name, units, of: full, ratio: units / unitsAtOne }];
  });

/** A rewrite must not change what the model computes. @throws EngineError `UnsupportedModel` where it does */
async function verify(
  { graph, equivalent }: Compressed,
  { model, method }: CompressInput,
  { threads, provider }: Tools,
): Promise<void> {
  const { data } = randomData(graph, { inputShape: method.inputSize, samples: 2, seed: 1 });
  const { relativeError } = await compareModels(equivalent, graph, data, { threads, provider });
  if (relativeError <= rounding) return;
  throw new EngineError(
    'UnsupportedModel',
    `the rewritten model does not compute what it should (relative error ${relativeError.toPrecision(2)}): ` +
      `${model} holds something that Slimflow misreads, and nothing was written; please report it`,
  );
}
