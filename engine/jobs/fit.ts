import { Dataset, type DatasetSource } from '../data/dataset';
import type { MetricName } from '../data/metric';
import { EngineError } from '../errors';
import type { Dim, Graph } from '../onnx/graph';
import { inferShapes } from '../onnx/shapes';
import { feederOf, imageInput } from '../runtime/feeds';

/** Metrics that read one score a class and sample; the others judge pixels. */
const bySample: readonly MetricName[] = ['top1', 'top5'];

/**
 * Whether a data set's images and labels are what the model takes and gives.
 * @throws EngineError `UnsupportedModel` or `InvalidData`, naming what does not fit
 */
export function checkFit(graph: Graph, model: string, source: DatasetSource, metric: MetricName): void {
  const data = Dataset.open(source);
  try {
    checkBatch(graph, model, data);
    const classes = checkOutput(graph, model, metric);
    feederOf(graph, data);
    // Pixels may be of no class, which metrics leave out; whether training does, its settings say.
    if (!data.labelled || !bySample.includes(metric)) return;
    const wrong = data.labels.findIndex((label) => label < 0 || (classes !== undefined && label >= classes));
    if (wrong < 0) return;
    const row = (source.range?.[0] ?? 0) + Math.floor((wrong * data.length) / data.labels.length);
    throw new EngineError(
      'InvalidData',
      `label ${data.labels[wrong]} at row ${row} of ${source.labels} is out of range: ${model} has ${classes} classes, 0 to ${Number(classes) - 1}`,
    );
  } finally {
    data.close();
  }
}

/** Data come in batches of any size. */
function checkBatch(graph: Graph, model: string, data: Dataset): void {
  const batch = imageInput(graph, data.inputs).dims?.[0];
  if (typeof batch !== 'number' || batch <= 1) return;
  throw new EngineError(
    'UnsupportedModel',
    `model ${model} takes batches of exactly ${batch}: export it with an open batch (or of 1)`,
  );
}

/** The classes that the first output has scores for, where that is known. */
function checkOutput(graph: Graph, model: string, metric: MetricName): number | undefined {
  const [output] = graph.outputs;
  const shape = inferShapes(graph).get(output.name) ?? output.dims ?? [];
  const shown = `[${shape.map((dim: Dim) => dim ?? '?').join(', ')}]`;
  if (bySample.includes(metric)) {
    if (shape.length && (shape.length < 2 || shape.slice(2).some((dim) => dim !== 1)))
      throw new EngineError(
        'UnsupportedModel',
        `the first output of model ${model} is ${shown}; metric ${metric} reads one score a class, [N, K]`,
      );
  } else if (shape.length && shape.length < 3)
    throw new EngineError(
      'UnsupportedModel',
      `the first output of model ${model} is ${shown}; metric ${metric} reads a score a class and pixel, [N, K, H, W]`,
    );
  const classes = shape[1];
  return typeof classes === 'number' ? classes : undefined;
}
