import { Dataset, type DatasetSource } from '../data/dataset';
import { EngineError } from '../errors';
import { type Dim, type Graph, type ValueInfo } from '../onnx/graph';
import { layersOf, paramsOf } from '../onnx/layers';
import { openModel } from '../onnx/prepare';
import { inferShapes, type Shape } from '../onnx/shapes';
import { techniques } from './method';
import { partsOf } from './parts';
import type { AnalyzeInput, LayerSummary, ModelSummary } from './types';

/**
 * What a model consists of, layer by layer.
 * @throws EngineError when it cannot be read; with `data` also when it has nothing to compress or the data do not fit.
 */
export async function analyze({ model, data, ...given }: AnalyzeInput): Promise<ModelSummary> {
  const graph = openModel(model, given);
  const shapes = inferShapes(graph);
  const layers = layersOf(graph, shapes);
  checkIgnored(
    given.ignore ?? [],
    layers.map(({ name }) => name),
    model,
  );
  const { parts, frozen } = partsOf(graph, given);
  const techniquesOf = (name: string) =>
    techniques.filter((technique) =>
      parts.some((part) => part.technique === technique && part.layers.includes(name)),
    );
  const summary: ModelSummary = {
    inputs: graph.inputs.map(described),
    outputs: graph.outputs.map(described),
    opset: graph.opset,
    macs: layers.reduce((sum, { macs }) => sum + macs, 0),
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
    notes: unknownOperators(graph, shapes),
  };
  if (data) {
    if (!summary.layers.some(({ kind }) => kind === 'Conv')) {
      throw new EngineError(
        'UnsupportedModel',
        `model ${model} has no convolution, so there is nothing to compress`,
      );
    }
    for (const source of data) checkFit(summary, model, source);
  }
  return summary;
}

const shown = (dim: Dim) => dim ?? '?';
const described = ({ name, dims }: ValueInfo) => ({ name, shape: (dims ?? []).map(shown) });
const inner = (shape: Shape | undefined) => (shape ?? []).slice(1).map(shown);

function checkIgnored(ignore: readonly string[], layers: readonly string[], model: string): void {
  const unknown = ignore.find((name) => !layers.includes(name));
  if (unknown === undefined) return;
  throw new EngineError(
    'InvalidSettings',
    `ignore names ${unknown}, which is no layer of ${model}; \`slimflow inspect\` lists them`,
  );
}

/** Operators whose results have no known shape: named, so that nobody wonders why what follows is left alone. */
function unknownOperators(graph: Graph, shapes: ReadonlyMap<string, Shape>): string[] {
  const unknown = new Set(
    graph.nodes
      .filter(({ input, output }) => !shapes.has(output[0]) && input.every((v) => !v || shapes.has(v)))
      .map(({ opType }) => opType),
  );
  return [...unknown].map(
    (op) => `operator ${op} is not known to shape inference: what depends on it is left as it is`,
  );
}

/** Metrics read one score a class: [N, K], or [N, K, 1, …]. */
function checkScores(shape: readonly (number | string)[], model: string): void {
  if (!shape.length || (shape.length > 1 && shape.slice(2).every((dim) => dim === 1))) return;
  throw new EngineError(
    'UnsupportedModel',
    `the first output of model ${model} is [${shape.join(', ')}]; metrics read one score a class, [N, K]`,
  );
}

/** Whether a data set's images and labels are what the model takes and gives. */
function checkFit({ inputs, outputs }: ModelSummary, model: string, source: DatasetSource): void {
  if (inputs.length !== 1) {
    throw new EngineError(
      'UnsupportedModel',
      `model ${model} has ${inputs.length} inputs; data sets feed one`,
    );
  }
  const batch = inputs[0].shape[0];
  if (typeof batch === 'number' && batch > 1) {
    throw new EngineError(
      'UnsupportedModel',
      `model ${model} takes batches of exactly ${batch}: export it with an open batch (or of 1)`,
    );
  }
  checkScores(outputs[0].shape, model);
  const data = Dataset.open(source);
  try {
    const expected = inputs[0].shape.slice(1);
    const fits =
      expected.length === 3 &&
      expected.every((dim, axis) => typeof dim === 'string' || dim === data.shape[axis]);
    if (!fits) {
      throw new EngineError(
        'InvalidData',
        `images of ${source.images} are [${data.shape.join(', ')}], but input ${inputs[0].name} of ${model} takes [${expected.join(', ')}]`,
      );
    }
    const classes = outputs[0].shape[1];
    const wrong = data.labels.findIndex(
      (label) => label < 0 || (typeof classes === 'number' && label >= classes),
    );
    if (wrong >= 0) {
      throw new EngineError(
        'InvalidData',
        `label ${data.labels[wrong]} at row ${(source.range?.[0] ?? 0) + wrong} of ${source.labels} is out of range: ${model} has ${classes} classes, 0 to ${Number(classes) - 1}`,
      );
    }
  } finally {
    data.close();
  }
}
