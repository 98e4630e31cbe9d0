import { EngineError } from '../../../errors';
import {
  begin,
  type Common,
  type Decode,
  eachClass,
  Found,
  type Frame,
  type Output,
  unreadable,
} from './rule';

/** Settings of outputs that are boxes already. */
export interface FinishedSettings extends Common {
  /**
   * Meaning of the outputs, in their order: `boxes` [N, M, 4], `scores` [N, M] or [N, M, K], `classes` [N, M], `count`
   * [N] of the valid ones; `indices` [S, 3] of ONNX's NonMaxSuppression (image, class, box), whose scores are [N, K, M];
   * `rows` [N, M, 6] of corners, score, class; `batched` [S, 7] of image, corners, class, score. Without it, a single
   * output of 6 or 7 columns is read so.
   */
  readonly roles?: readonly Role[];
  /** Corners (`xyxy`, the default), corners with y first (`yxyx`), corner and size (`xywh`), centre and size (`cxcywh`). */
  readonly form?: 'xyxy' | 'yxyx' | 'xywh' | 'cxcywh';
  /** True if coordinates are shares of the image; false (the default) if they are pixels of the model's input. */
  readonly normalized?: boolean;
  /** Number of the first class: 0 by default; 1 if 0 is the background. */
  readonly firstClass?: number;
}

/** Meanings of outputs. */
export const roles = ['boxes', 'scores', 'classes', 'count', 'indices', 'rows', 'batched'] as const;
/** Meaning of an output. */
export type Role = (typeof roles)[number];

type Corners = readonly [number, number, number, number];
const forms: Record<
  NonNullable<FinishedSettings['form']>,
  (a: number, b: number, c: number, d: number) => Corners
> = {
  xyxy: (a, b, c, d) => [a, b, c, d],
  // NonMaxSuppression takes any two opposite corners.
  yxyx: (a, b, c, d) => [Math.min(b, d), Math.min(a, c), Math.max(b, d), Math.max(a, c)],
  xywh: (a, b, c, d) => [a, b, a + c, b + d],
  cxcywh: (a, b, c, d) => [a - c / 2, b - d / 2, a + c / 2, b + d / 2],
};

/** Outputs that are boxes already, as models with NonMaxSuppression inside have them. */
export const finished: Decode<FinishedSettings> = (outputs, settings, frame) => {
  const known = settings.roles ?? guessed(outputs);
  if (known?.length !== outputs.length)
    throw new EngineError(
      'InvalidSettings',
      `metric.roles has ${known?.length ?? 'no'} entries, and the outputs are ${outputs.map(({ name }) => name).join(', ')}: say what each is (${roles.join(', ')})`,
    );
  const of = (role: Role) => outputs[known.indexOf(role)] as Output | undefined;
  const found = begin(frame);
  const put = placer(settings, frame);
  const rows = of('rows');
  const batched = of('batched');
  if (rows) readRows(rows, found, put);
  else if (batched) readBatched(batched, found, put);
  else readParts(of, found, put, settings);
  return found;
};

function guessed(outputs: readonly Output[]): readonly Role[] | undefined {
  const [{ dims }] = outputs;
  if (outputs.length !== 1) return undefined;
  if (dims.length === 3 && dims[2] === 6) return ['rows'];
  return dims.length === 2 && dims[1] === 7 ? ['batched'] : undefined;
}

type Put = (boxes: Found, values: ArrayLike<number>, first: number, kind: number, score: number) => void;

/** Adds a box, given in the settings' form, if it counts. */
function placer(settings: FinishedSettings, { height, width }: Frame): Put {
  const { form = 'xyxy', normalized = false, firstClass = 0, scoreThreshold = 0.001 } = settings;
  const [right, down] = normalized ? [width, height] : [1, 1];
  return (boxes, values, first, kind, score) => {
    if (score < scoreThreshold || kind < firstClass) return;
    const [x1, y1, x2, y2] = forms[form](
      values[first],
      values[first + 1],
      values[first + 2],
      values[first + 3],
    );
    boxes.corner(x1 * right, y1 * down, x2 * right, y2 * down, kind - firstClass, score);
  };
}

function readRows(rows: Output, found: readonly Found[], put: Put): void {
  const { data, dims } = rows;
  if (dims.length !== 3 || dims[2] !== 6) throw unreadable('boxes', [rows], 'rows [N, M, 6]');
  found.forEach((boxes, n) => {
    for (let m = 0; m < dims[1]; m++) {
      const first = (n * dims[1] + m) * 6;
      put(boxes, data, first, data[first + 5], data[first + 4]);
    }
  });
}

function readBatched(rows: Output, found: readonly Found[], put: Put): void {
  const { data, dims } = rows;
  if (dims.length !== 2 || dims[1] !== 7) throw unreadable('boxes', [rows], 'rows [S, 7]');
  for (let first = 0; first < data.length; first += 7) {
    const boxes = found[data[first]];
    // Rows beyond the boxes found may name no image.
    if (boxes) put(boxes, data, first + 1, data[first + 5], data[first + 6]);
  }
}

function readParts(
  of: (role: Role) => Output | undefined,
  found: readonly Found[],
  put: Put,
  settings: FinishedSettings,
): void {
  const [boxes, scores, classes, count, indices] = (
    ['boxes', 'scores', 'classes', 'count', 'indices'] as const
  ).map(of);
  if (!boxes || !scores)
    throw new EngineError('InvalidSettings', 'metric.roles needs boxes and scores, or rows, or batched');
  const size = found.length;
  const most = boxes.data.length / 4 / size;
  const perBox = scores.data.length / (size * most);
  const fits = boxes.dims.at(-1) === 4 && Number.isInteger(most) && Number.isInteger(perBox);
  if (!fits || (!classes && !indices && settings.classes !== undefined && perBox !== settings.classes))
    throw unreadable('boxes', [boxes, scores], 'boxes [N, M, 4] with scores for each');
  if (indices) {
    for (let at = 0; at < indices.data.length; at += 3) {
      const [n, kind, m] = [0, 1, 2].map((column) => indices.data[at + column]);
      if (found[n])
        put(found[n], boxes.data, 4 * (n * most + m), kind, scores.data[(n * perBox + kind) * most + m]);
    }
    return;
  }
  found.forEach((own, n) => {
    const valid = count ? Math.min(most, count.data[n]) : most;
    for (let m = 0; m < valid; m++) {
      const at = n * most + m;
      if (classes) put(own, boxes.data, 4 * at, classes.data[at], scores.data[at]);
      else
        eachClass(
          perBox,
          settings,
          (k) => scores.data[at * perBox + k],
          (k, score) => put(own, boxes.data, 4 * at, k, score),
        );
    }
  });
}
