import { begin, type Common, type Decode, eachClass, sigmoid, softmax, unreadable } from './rule';

/** Settings of DETR and its like. */
export interface QuerySettings extends Common {
  /**
   * `softmax` (the default) over the classes and, last, no object, as in DETR; `sigmoid` of each class by itself, as in
   * Deformable DETR and RT-DETR; `none` for scores.
   */
  readonly scores?: 'softmax' | 'sigmoid' | 'none';
}

/** DETR: logits [N, Q, K (+ 1)] and boxes [N, Q, 4] as x, y, w, h in shares of the image, in either
 * order unless both have 4 columns. */
export const detr: Decode<QuerySettings> = (outputs, settings, frame) => {
  const { scores: form = 'softmax', classes } = settings;
  const noObject = Number(form === 'softmax');
  const boxesAt = outputs.findIndex(
    ({ dims }, at) => dims[2] === 4 && (at === 1 || outputs[1]?.dims[2] !== 4),
  );
  const [boxes, logits] = [outputs[boxesAt], outputs[1 - boxesAt]];
  const columns = logits?.dims[2];
  const fits =
    outputs.length === 2 &&
    boxes?.dims.length === 3 &&
    logits.dims.length === 3 &&
    logits.dims[1] === boxes.dims[1] &&
    columns > noObject &&
    (classes === undefined || columns === classes + noObject);
  if (!fits)
    throw unreadable(
      'detr',
      outputs,
      `logits [N, queries, classes${noObject ? ' + 1' : ''}] and boxes [N, queries, 4]`,
    );
  const queries = boxes.dims[1];
  const { height, width } = frame;
  const found = begin(frame);
  found.forEach((own, n) => {
    for (let q = 0; q < queries; q++) {
      const row = n * queries + q;
      const logit = (k: number) => logits.data[row * columns + k];
      const shares = form === 'softmax' ? softmax(columns, logit) : undefined;
      const [x, y, w, h] = [0, 1, 2, 3].map((at) => boxes.data[4 * row + at]);
      eachClass(
        columns - noObject,
        settings,
        (k) => shares?.[k] ?? (form === 'sigmoid' ? sigmoid(logit(k)) : logit(k)),
        (k, score) => own.centre(x * width, y * height, w * width, h * height, k, score),
      );
    }
  });
  return found;
};
