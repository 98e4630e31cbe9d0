import type { DatasetSource, Normalization } from '../data/source';
import type { SplitStatistics } from '../data/statistics';
import { withChannelsSwapped, withLabelsMoved } from '../data/probe-set';
import type { Graph } from '../onnx/graph';
import { imageInput } from '../onnx/image-input';

/** A mistake that was found, and what to change. */
export interface DataFinding {
  readonly what: string;
  readonly fix: string;
}

/** The metric of a model on a few samples, with its standard error. */
export interface Measured {
  readonly value: number;
  readonly standardError: number;
}

/** Tries variants of a split on a model. */
export interface Trial {
  readonly source: DatasetSource;
  /** Folder for variants. */
  readonly folder: string;
  /** Range of the pixels as the file has them. */
  readonly range: readonly [least: number, greatest: number];
  /** Channels of an image. */
  readonly channels: number;
  /** Classes of the model, if the metric takes class numbers. */
  readonly classes?: number;
  /** Measures the model; undefined if the model can't be run on the variant. */
  readonly measure: (source: DatasetSource) => Promise<Measured | undefined>;
}

/** Points by which a variant must be better, at least, to be taken for what was meant. */
const leastGain = 10;

/** Tells if a value is better than another by more than chance. */
const isMuchBetter = (after: Measured | undefined, before: Measured | undefined): boolean =>
  after !== undefined &&
  after.value - (before?.value ?? 0) >
    Math.max(leastGain, 3 * Math.hypot(after.standardError, before?.standardError ?? 0));

/**
 * Tries what people often get wrong: the normalization, then the order of colours, then labels that are off by one; each with
 * the best of those before.
 */
export async function triedMistakes(trial: Trial, given: Measured | undefined): Promise<DataFinding[]> {
  const findings: DataFinding[] = [];
  let [source, best] = [trial.source, given];
  const take = async (variants: readonly Variant[]) => {
    let found: Variant | undefined;
    const [sourceBefore, before] = [source, best];
    for (const variant of variants) {
      const changed = await variant.change(sourceBefore);
      const value = changed && (await trial.measure(changed));
      if (!changed || !isMuchBetter(value, before) || value!.value <= (found ? best!.value : -Infinity))
        continue;
      [found, source, best] = [variant, changed, value];
    }
    if (!found) return;
    const from = before
      ? `${points(before)} with the data as they are`
      : 'the data as they are can not be judged';
    findings.push({
      what: `${found.what}: the metric is ${points(best!)} then, and ${from}`,
      fix: found.fix,
    });
  };
  await take(normalizations(trial));
  await take([
    {
      what: 'the model takes its colours in the other order (RGB or BGR)',
      fix: 'set transform: { channels: bgr }, or rgb if it is bgr now; normalize then has its means in that order',
      change: (from) => withChannelsSwapped(from, trial.folder),
    },
  ]);
  const { classes } = trial;
  if (classes !== undefined)
    await take(
      ([-1, 1] as const).map((by) => ({
        what: `labels are off by one: ${by < 0 ? 'they begin at 1, and the model counts from 0' : 'the model has a class before theirs, such as background'}`,
        fix: by < 0 ? 'subtract 1 from every label' : 'add 1 to every label',
        change: async (from) => withLabelsMoved(from, by, classes - 1, trial.folder),
      })),
    );
  return findings;
}

const points = ({ value }: Measured): string => value.toFixed(2);

/** A change of the data. */
interface Variant {
  readonly what: string;
  readonly fix: string;
  readonly change: (from: DatasetSource) => Promise<DatasetSource | undefined>;
}

const imageNet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

/** Lists the usual normalizations, but the one that is set. Values below 0 were normalized before. */
function normalizations({ source, range: [least, greatest], channels }: Trial): Variant[] {
  if (least < 0) return [];
  const isUnit = greatest <= 1.5;
  const toUnit = isUnit ? 1 : 1 / 255;
  const half = Array.from({ length: channels }, () => 0.5);
  const usual: readonly (readonly [what: string, Normalization])[] = [
    ['from 0 to 1', { scale: toUnit }],
    ['from 0 to 255', { scale: isUnit ? 255 : 1 }],
    ['from -1 to 1', { scale: toUnit, mean: half, std: half }],
    ...(channels === 3 ? [["normalized by ImageNet's means", { scale: toUnit, ...imageNet }] as const] : []),
  ];
  const settled = ({ scale = 1, mean, std }: Normalization = {}) =>
    JSON.stringify([scale.toFixed(5), mean, std]);
  return usual
    .filter(([, normalize]) => settled(normalize) !== settled(source.normalize))
    .map(([what, normalize]) => ({
      what: `the model takes pixels ${what}`,
      fix:
        normalize.scale === 1 && !normalize.mean ? 'remove normalize' : `set normalize: ${flow(normalize)}`,
      change: async (from) => ({ ...from, normalize }),
    }));
}

/** Writes a normalization as a spec has it. */
const flow = ({ scale, mean, std }: Normalization): string =>
  `{ ${[
    ...(scale === undefined ? [] : [`scale: ${scale}`]),
    ...(mean ? [`mean: [${mean.join(', ')}]`] : []),
    ...(std ? [`std: [${std.join(', ')}]`] : []),
  ].join(', ')} }`;

/** Finds channels in another place than the model takes them, by the shapes alone. */
export function layoutMistake(
  graph: Graph,
  { shape }: SplitStatistics,
  inputs: readonly string[],
): DataFinding[] {
  const { name, dims } = imageInput(graph, inputs);
  if (dims?.length !== 4 || shape.length !== 3) return [];
  const shown = `the model takes ${name} as [${dims.map((dim) => dim ?? '?').join(', ')}], and images have the shape [${shape.join(', ')}]`;
  const [, first, , last] = dims;
  const [own, , ownLast] = shape;
  if (typeof first === 'number' && first !== own && first === ownLast)
    return [
      {
        what: `${shown}: their channels are last (NHWC)`,
        fix: 'set layout: NHWC; for images that were packed, remove transform.channelsLast',
      },
    ];
  if (typeof last === 'number' && last !== ownLast && last === own)
    return [
      {
        what: `${shown}: their channels are first (NCHW)`,
        fix: 'set transform: { channelsLast: true }; for an array that has its channels last, remove layout: NHWC',
      },
    ];
  return [];
}

/** Finds labels of classes that begin at 1, by their range alone. */
export function labelMistake({ labels }: SplitStatistics, classes: number | undefined): DataFinding[] {
  if (classes === undefined || !labels?.perClass || labels.shape.length || labels.least < 1) return [];
  if (labels.greatest !== classes) return [];
  return [
    {
      what: `labels go from ${labels.least} to ${labels.greatest}, and the model's classes from 0 to ${classes - 1}: they are off by one`,
      fix: 'subtract 1 from every label',
    },
  ];
}

/** Operators that only hand on or reorder what they read. */
const passing = new Set([
  'Identity',
  'Reshape',
  'Flatten',
  'Squeeze',
  'Unsqueeze',
  'Dropout',
  'Cast',
  'Transpose',
]);

/** Finds a softmax that cross-entropy would follow with its own: one that is not the model's last node, or two. */
export function softmaxMistake(graph: Graph): DataFinding[] {
  const found: string[] = [];
  let isLast = false;
  let value: string | undefined = graph.outputs[0]?.name;
  for (let steps = 0; value !== undefined && steps < graph.nodes.length; steps++) {
    const node = graph.producer(value);
    if (!node || node.domain) break;
    const isSoftmax = node.opType === 'Softmax' || node.opType === 'LogSoftmax';
    if (!isSoftmax && !passing.has(node.opType)) break;
    if (isSoftmax) found.push(node.name || node.output[0]);
    if (isSoftmax && value === graph.outputs[0].name) isLast = true;
    value = node.input[0];
  }
  // Losses are applied before a softmax that is the model's last node.
  if (!found.length || (isLast && found.length === 1)) return [];
  return [
    {
      what: `softmax would be applied twice: the model ends in ${found.join(' and ')}, and cross-entropy has one of its own`,
      fix: 'export the model with its logits as output, or with one Softmax as its last node, which training leaves out by itself',
    },
  ];
}
