import { EngineError } from '../errors';
import { sizeOf, type Tensor } from '../tensor/tensor';
import type { DatasetSource, Normalization } from './source';
import type { NpyFile } from './npy';

/** Returns an image's shape as [C, …], with the channels first even if the file has them last. */
export const imageShape = (
  [...dims]: readonly number[],
  { layout }: Pick<DatasetSource, 'layout'>,
): number[] => (layout === 'NHWC' ? [...dims.splice(-1), ...dims] : dims);

/** Converts [N, …] rows to normalized floats in row-major [N, C, …]. */
export function pixelsOf(
  { data, dims }: Tensor,
  { normalize = {}, layout }: Pick<DatasetSource, 'normalize' | 'layout'>,
): Float32Array {
  const raw = data instanceof Float32Array ? data : Float32Array.from(data, Number);
  const [count, ...stored] = dims;
  const shape = imageShape(stored, { layout });
  const { scale = 1, mean, std } = normalize;
  if (layout !== 'NHWC' && scale === 1 && !mean && !std) return raw;
  const ordered = layout === 'NHWC' ? channelsFirst(raw, count, shape) : raw;
  const { axis, inner } = channelsOf(shape, normalize);
  const out = new Float32Array(raw.length);
  for (let first = 0; first < out.length; first += inner) {
    const channel = (first / inner) % shape[axis];
    const [shift, spread] = [mean?.[channel] ?? 0, std?.[channel] ?? 1];
    for (let i = first; i < first + inner; i++) out[i] = (ordered[i] * scale - shift) / spread;
  }
  return out;
}

/** Transposes [N, …, C] to [N, C, …]. */
export function channelsFirst<A extends Float32Array | Int32Array>(
  images: A,
  count: number,
  [channels, ...plane]: readonly number[],
): A {
  const pixels = sizeOf(plane);
  const out = images.slice() as A;
  for (let n = 0; n < count; n++) {
    const first = n * pixels * channels;
    for (let c = 0; c < channels; c++) {
      const plane = first + c * pixels;
      for (let p = 0; p < pixels; p++) out[plane + p] = images[first + p * channels + c];
    }
  }
  return out;
}

/** Finds the axis of a sample that means and deviations belong to: the first, or the last if images are fed as NHWC. */
function channelsOf(shape: readonly number[], { mean, std }: Normalization): { axis: number; inner: number } {
  const given = (mean ?? std)?.length ?? shape[0];
  const last = given > 1 && shape[0] !== given && shape[shape.length - 1] === given;
  const axis = last ? shape.length - 1 : 0;
  return { axis, inner: sizeOf(shape.slice(axis + 1)) };
}

/** @throws EngineError `InvalidData` if the images are of a type or shape that no model takes */
export function checkImages({ images: path, normalize, layout }: DatasetSource, images: NpyFile): void {
  if (images.dims.length < 2) {
    throw new EngineError(
      'InvalidData',
      `${path} has shape [${images.dims.join(', ')}]; images must be [N, C, H, W], or [N, …] as the model takes them`,
    );
  }
  const shape = imageShape(images.dims.slice(1), { layout });
  for (const key of ['mean', 'std'] as const) {
    const values = normalize?.[key];
    if (values && values.length !== shape[channelsOf(shape, normalize).axis]) {
      throw new EngineError(
        'InvalidData',
        `normalize.${key} has ${values.length} values for the ${shape[0]} channels of ${path}`,
      );
    }
  }
}

/**
 * Checks that each sample has labels; whether they suit is for the metric and the loss to judge.
 * @throws EngineError `InvalidData` if the number of samples differs
 */
export function checkLabels({ labels: path }: DatasetSource, images: NpyFile, labels: NpyFile) {
  const [count] = images.dims;
  if (labels.dims[0] === count) return;
  throw new EngineError(
    'InvalidData',
    `${path} has shape [${labels.dims.join(', ')}]; with one label per image it must be [${count}], with several [${count}, …]`,
  );
}

/**
 * Returns the shape of a sample's labels as batches hold them: labels with three axes, like images, follow their
 * layout.
 */
export const labelShapeOf = (
  sample: readonly number[],
  { layout }: Pick<DatasetSource, 'layout'>,
): readonly number[] => (sample.length === 3 ? imageShape(sample, { layout }) : sample);

/**
 * Returns the first row of a split and the row after its last.
 * @throws EngineError `InvalidData` if they are not within the file
 */
export function checkedRange(
  { images: path, range }: DatasetSource,
  images: NpyFile,
): readonly [number, number] {
  const [first, end] = range ?? [0, images.dims[0]];
  if (first >= 0 && first < end && end <= images.dims[0]) return [first, end];
  throw new EngineError(
    'InvalidData',
    `range [${first}, ${end}] is not within the ${images.dims[0]} rows of ${path}`,
  );
}
