import { Dataset } from '../data/dataset';
import type { DatasetSource } from '../data/source';
import { isPerScore, readingOf } from '../data/metric';
import { EngineError } from '../errors';
import type { Graph } from '../onnx/graph';
import type { Dim } from '../onnx/dims';
import { inferShapes } from '../onnx/shapes';
import { imageInput } from '../onnx/image-input';
import { feederOf } from '../runtime/feeds';
import { boxesOfRows, boxFields } from '../data/detection/labels/source-boxes';
import { type DetectorMetric, isDetection, type MetricChoice, type MetricName } from '../names';
import { sizeOf } from '../tensor/tensor';

/** Customary labels of pixels without a class; metrics of pixels skip them. */
const unlabelled = [-1, 255];

/**
 * Checks a data set's images against the model's input, and its labels, if it has any, against the model's output and
 * the metric.
 * @param ignored a label that is not a class and yet valid
 * @throws EngineError `UnsupportedModel` or `InvalidData` that names what does not fit
 */
export function checkFit(
  graph: Graph,
  model: string,
  source: DatasetSource,
  metric: MetricChoice,
  ignored?: number,
): void {
  const data = Dataset.open(source);
  try {
    checkBatch(graph, model, data);
    feederOf(graph, data);
    // Without labels nothing is measured on it; what others mean, a user's metric must know.
    if (!data.labelled) return;
    if (isDetection(metric)) checkBoxes(data, source.labels!, metric);
    if (typeof metric !== 'string') return;
    const output = checkOutput(graph, model, metric);
    const labels = source.labels!;
    if (isPerScore(metric)) checkScores(data, labels, output, metric);
    // Numbers to compare each score with are for the loss to judge.
    else if (output.scores === undefined || sizeOf(data.labelShape) !== output.scores)
      checkClasses(data, labels, output, { metric, ignored });
  } finally {
    data.close();
  }
}

/** Checks labels that are boxes: [N, M, 6], each a box or empty, of classes that the metric has. */
function checkBoxes(data: Dataset, labels: string, { classes = Infinity }: DetectorMetric): void {
  const { labelShape } = data;
  if (labelShape.length !== 2 || labelShape[1] !== boxFields)
    throw new EngineError(
      'InvalidData',
      `${labels} has shape ${perSample(labelShape)}, but metric coco-map needs boxes, [N, M, ${boxFields}]: class, x1, y1, x2, y2 in pixels of the model's input, and 1 for a crowd`,
    );
  const width = sizeOf(labelShape);
  let row = 0;
  for (const read of data.eachLabels())
    for (let at = 0; at < read.length; at += width, row++) {
      const boxes = boxesIn(read.subarray(at, at + width), labels, row);
      const wrong = Array.from(boxes.classes).find((kind) => kind >= classes);
      if (wrong !== undefined)
        throw new EngineError(
          'InvalidData',
          `row ${row} of the split of ${labels} has a box of class ${wrong}, but metric.classes is ${classes}: classes start at 0`,
        );
    }
}

function boxesIn(rows: ArrayLike<number>, labels: string, row: number) {
  try {
    return boxesOfRows(rows);
  } catch (error) {
    throw new EngineError('InvalidData', `row ${row} of the split of ${labels}: ${(error as Error).message}`);
  }
}

/** Checks that the data make whole batches of what the model takes. */
function checkBatch(graph: Graph, model: string, data: Dataset): void {
  const batch = imageInput(graph, data.inputs).dims?.[0];
  if (typeof batch !== 'number' || data.length % batch === 0) return;
  throw new EngineError(
    'UnsupportedModel',
    `model ${model} takes batches of exactly ${batch}, and ${data.name} has ${data.length} samples: take a multiple of ${batch} (\`range\`), or export it with an open batch (torch.onnx.export(…, dynamic_axes={'${imageInput(graph, data.inputs).name}': {0: 'batch'}}))`,
  );
}

/** Facts about a model's first output for a sample, as far as known. */
interface Output {
  readonly model: string;
  /** Its shape, for messages. */
  readonly shown: string;
  readonly classes?: number;
  /** Numbers per sample, and per class. */
  readonly scores?: number;
  readonly plane?: number;
}

function checkOutput(graph: Graph, model: string, metric: MetricName): Output {
  const [output] = graph.outputs;
  const shape = inferShapes(graph).get(output.name) ?? output.dims ?? [];
  const shown = `[${shape.map((dim: Dim) => dim ?? '?').join(', ')}]`;
  const perSample = readingOf(metric) === 'class' || metric === 'mean-average-precision';
  if (perSample) {
    if (shape.length && (shape.length < 2 || shape.slice(2).some((dim) => dim !== 1)))
      throw new EngineError(
        'UnsupportedModel',
        `the first output of model ${model} is ${shown}, but metric ${metric} needs one score per class, [N, K]`,
      );
  } else if (readingOf(metric) === 'pixels' && shape.length && shape.length < 3)
    throw new EngineError(
      'UnsupportedModel',
      `the first output of model ${model} is ${shown}, but metric ${metric} needs one score per class and pixel, [N, K, H, W]`,
    );
  const sample = shape.slice(1);
  const known = (dims: readonly Dim[]) =>
    shape.length && dims.every((dim) => typeof dim === 'number') ? sizeOf(dims) : undefined;
  const [classes] = sample;
  return {
    model,
    shown,
    scores: known(sample),
    plane: known(sample.slice(1)),
    ...(typeof classes === 'number' && { classes }),
  };
}

const perSample = (shape: readonly number[]) => `[${['N', ...shape].join(', ')}]`;

/** Checks labels of which each belongs to a number of the output. */
function checkScores(
  data: Dataset,
  labels: string,
  { model, shown, scores }: Output,
  metric: MetricName,
): void {
  if (scores !== undefined && sizeOf(data.labelShape) !== scores) {
    throw new EngineError(
      'InvalidData',
      `${labels} has shape ${perSample(data.labelShape)}, but metric ${metric} compares each number of the model's output with a label, and the output of ${model} is ${shown}: save labels of that shape`,
    );
  }
  const yesOrNo = readingOf(metric) === 'yes or no';
  const isRight = yesOrNo ? (label: number) => label >= 0 && label <= 1 : Number.isFinite;
  const wrong = data.findLabel((label) => !isRight(label) && !(data.unknownLabels && Number.isNaN(label)));
  if (!wrong) return;
  throw new EngineError(
    'InvalidData',
    `label ${wrong.label} at row ${wrong.fileRow} of ${labels} ${
      yesOrNo
        ? `is not between 0 and 1, as metric ${metric} needs: save 1 for each class that a sample has, 0 for the others`
        : 'is not a finite 32-bit number: save a number, leave out that sample, or set `unknown: nan` for the split'
    }`,
  );
}

/** Checks labels that are class numbers. */
function checkClasses(
  data: Dataset,
  labels: string,
  { model, classes, plane }: Output,
  { metric, ignored }: { readonly metric: MetricName; readonly ignored?: number },
): void {
  if (data.unknownLabels) {
    throw new EngineError(
      'InvalidData',
      `the split of ${labels} sets \`unknown\`, but metric ${metric} needs class numbers: remove \`unknown\`, and set fineTune.ignoreLabel to its label`,
    );
  }
  if (data.floatLabels) {
    throw new EngineError(
      'InvalidData',
      `${labels} holds floats, but metric ${metric} needs class numbers: save them as integers, or choose a metric for numbers (r2, rmse-score, mae-score)`,
    );
  }
  const wanted = readingOf(metric) === 'pixels' ? plane : 1;
  if (wanted !== undefined && sizeOf(data.labelShape) !== wanted) {
    throw new EngineError(
      'InvalidData',
      `${labels} has shape ${perSample(data.labelShape)}, but metric ${metric} needs ${wanted === 1 ? 'one class per sample, [N]' : `a class for each of the ${wanted} pixels that ${model} scores`}`,
    );
  }
  const others = [ignored, ...(readingOf(metric) === 'pixels' ? unlabelled : [])];
  const wrong = data.findLabel(
    (label) => (label < 0 || (classes !== undefined && label >= classes)) && !others.includes(label),
  );
  if (!wrong) return;
  throw new EngineError(
    'InvalidData',
    `label ${wrong.label} at row ${wrong.fileRow} of ${labels} is out of range: ${
      classes === undefined ? 'classes start at 0' : `${model} has ${classes} classes, 0 to ${classes - 1}`
    }`,
  );
}
