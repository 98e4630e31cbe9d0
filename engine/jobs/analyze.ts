import { EngineError } from '../errors';
import type { Graph, ValueInfo } from '../onnx/graph';
import type { Dim } from '../onnx/dims';
import { type Layer, layersOf, paramsOf, sharedWeights, uncountedLayers } from '../onnx/layers';
import { type OtherWork, otherWork } from '../onnx/other-work';
import { inferShapes, type Shape, type Shapes, unknownOperators } from '../onnx/shapes';
import { isFloat } from '../tensor/tensor';
import { slowLinearAlgebra } from '../linalg/slow';
import { channelBlock } from './channel-block';
import { checkFit } from './check-data-fits-model';
import { techniques } from '../names';
import { quiet } from './job-context';
import { openMeasured } from './open-measured';
import { partsOf, plainMethod } from './list-parts';
import { checkReachable } from './reachable';
import { rehearse } from './rehearse';
import type { AnalyzeInput, LayerSummary, ModelSummary } from './types';

/**
 * Describes a model layer by layer.
 * @throws EngineError if it cannot be read; with `data` also if it has nothing to compress or the data do not fit
 */
export async function analyze(
  { model, data, images, metric = 'top1', ignoreLabel, rehearsal, ...given }: AnalyzeInput,
  context = quiet,
): Promise<ModelSummary> {
  const graph = await openMeasured(model, given, images ?? data?.[0]);
  const shapes = inferShapes(graph);
  const layers = layersOf(graph, shapes);
  checkIgnored(
    given.ignore ?? [],
    layers.map(({ name }) => name),
    model,
  );
  checkFinite(graph, layers, model);
  const { parts, frozen } = partsOf(graph, given);
  const changed = new Map(techniques.map((technique) => [technique, new Set<string>()]));
  for (const part of parts) for (const name of part.layers) changed.get(part.technique)!.add(name);
  const techniquesOf = (name: string) => techniques.filter((technique) => changed.get(technique)!.has(name));
  const macs = layers.reduce((sum, layer) => sum + layer.macs, 0);
  const others = otherWork(graph, shapes);
  const summary: ModelSummary = {
    inputs: graph.inputs.map(described),
    outputs: graph.outputs.map(described),
    opset: graph.opset,
    macs,
    params: paramsOf(graph),
    layers: layers.map((layer): LayerSummary => {
      const { node, name, macs, params, window } = layer;
      return {
        name,
        kind: node.opType,
        kernel: window?.kernel ?? [],
        stride: window?.strides ?? [],
        input: inner(shapes.get(node.input.find((value) => value !== layer.weight)!)),
        output: inner(shapes.get(node.output[0])),
        macs,
        params,
        techniques: techniquesOf(name),
      };
    }),
    parts,
    frozen,
    otherWork: others,
    ...(!given.inputSize &&
      graph.context.inputSizes && { inputSize: Object.fromEntries(graph.context.inputSizes) }),
    notes: [...notesOf(graph, shapes), ...workNotes(macs, others)],
  };
  for (const source of data ?? []) checkFit(graph, model, source, metric, ignoreLabel);
  if (!rehearsal) return summary;
  if (rehearsal.goal) checkReachable(summary, rehearsal.goal);
  const method = { ...plainMethod, ...given, technique: 'channel-pruning' } as const;
  const block = given.multiplicity === 'auto' ? { block: await channelBlock('cpu') } : {};
  const notes = await rehearse(graph, { model, inputSize: given.inputSize, rehearsal, method }, context);
  const slow = slowLinearAlgebra(layers, rehearsal.machinery.linearAlgebra);
  return { ...summary, ...block, notes: [...summary.notes, ...slow, ...notes] };
}

const shown = (dim: Dim) => dim ?? '?';
const described = ({ name, dims }: ValueInfo) => ({ name, shape: (dims ?? []).map(shown) });
const inner = (shape: Shape | undefined) => (shape ?? []).slice(1).map(shown);

function checkIgnored(ignore: readonly string[], layers: readonly string[], model: string): void {
  const unknown = ignore.find((name) => !layers.includes(name));
  if (unknown === undefined) return;
  throw new EngineError(
    'InvalidSettings',
    `ignore names ${unknown}, which is not a layer of ${model}; \`slimflow inspect\` lists its layers`,
  );
}

/** Rejects NaN in weights, which spreads to every output, whatever is compressed. */
function checkFinite(graph: Graph, layers: readonly Layer[], model: string): void {
  for (const { name, weight, node } of layers) {
    for (const constant of [weight, node.input[2]]) {
      const value = graph.constant(constant);
      if (!isFloat(value) || allFinite(value.data)) continue;
      throw new EngineError(
        'InvalidModel',
        `${constant === weight ? 'weight' : 'bias'} ${constant} of layer ${name} of ${model} holds NaN or Inf: ` +
          'train or export the model again',
      );
    }
  }
}

/** A loop, since `every` calls a function for each of what may be billions of numbers. */
function allFinite(data: Float32Array): boolean {
  for (let at = 0; at < data.length; at++) if (!Number.isFinite(data[at])) return false;
  return true;
}

/** Most nodes that are named for work that is in no count. */
const mostNamed = 5;

/** Names the work that is in no count, with its share of all, by which the ratio of the whole model differs. */
function workNotes(macs: number, others: readonly OtherWork[]): string[] {
  const sized = others.flatMap((work) => (work.macs === undefined ? [] : [{ ...work, macs: work.macs }]));
  const sum = sized.reduce((all, work) => all + work.macs, 0);
  const whole = macs + sum;
  const named = [...sized].sort((a, b) => b.macs - a.macs);
  const shown = named
    .slice(0, mostNamed)
    .map(({ operator, name, macs: own }) => `${operator} ${name} ${own}`);
  const more = named.length > mostNamed ? ` and ${named.length - mostNamed} more` : '';
  const unsized = others.filter((work) => work.macs === undefined);
  return [
    ...(sum
      ? [
          `work that is not counted and stays: ${shown.join(', ')}${more} MACs, ${percent(sum / whole)} of all ${whole}; ratios are of the other ${macs}, and no technique brings all work below ${(sum / whole).toFixed(3)}`,
        ]
      : []),
    ...(unsized.length
      ? [
          `work that is not counted and stays, of unknown size: ${unsized
            .slice(0, mostNamed)
            .map(({ operator, name }) => `${operator} ${name}`)
            .join(', ')}${unsized.length > mostNamed ? ` and ${unsized.length - mostNamed} more` : ''}`,
        ]
      : []),
  ];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Lists sentences about what keeps parts of the model as they are. */
function notesOf(graph: Graph, shapes: Shapes): string[] {
  const operators = new Set(unknownOperators(graph, shapes).map(({ operator }) => operator));
  return [
    ...graph.context.notes,
    ...[...operators].map(
      (operator) =>
        `operator ${operator} is unknown to shape inference: layers whose shapes depend on it are left as they are`,
    ),
    ...uncountedLayers(graph, shapes).map(({ name, why }) => `layer ${name} is not counted: ${why}`),
    ...sharedWeights(graph).map(
      ({ weight, readers }) =>
        `weight ${weight} is shared by ${readers.length} layers, which change together`,
    ),
  ];
}
