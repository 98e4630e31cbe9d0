import { intsOf, stringOf } from '../node-attributes';
import type { Node } from '../graph';
import type { Dim, Shape } from '../dims';
import { numbers, type Scope, wrapAll } from './rule';

/** Infers Resize by sizes or scales, over all axes or the listed ones, and Upsample, whose scales come first. */
export function resized(node: Node, { shape, values }: Scope): (Shape | undefined)[] | undefined {
  const input = shape(node.input[0]);
  if (!input) return undefined;
  const axes = wrapAll(intsOf(node, 'axes') ?? input.map((_, axis) => axis), input.length);
  if (!axes) return undefined;
  const spread = (dims: readonly Dim[] | undefined) =>
    dims?.length === axes.length
      ? [input.map((dim, axis) => (axes.includes(axis) ? dims[axes.indexOf(axis)] : dim))]
      : undefined;
  const sizes = node.input[3] ? values.get(node.input[3]) : undefined;
  if (node.input[3])
    return spread(
      sizes &&
        fitted(
          node,
          axes.map((axis) => input[axis]),
          sizes,
        ),
    );
  const scales = numbers(values.get(node.input[node.opType === 'Resize' ? 2 : 1]));
  const crops = stringOf(node, 'coordinate_transformation_mode', '') === 'tf_crop_and_resize';
  if (!scales || crops) return undefined;
  return spread(scales.map((scale, at) => scaled(input[axes[at]], scale)));
}

/** Scales a dimension in 32-bit floats, as ONNX Runtime does. */
const scaled = (dim: Dim, scale: number): Dim =>
  scale === 1 ? dim : typeof dim === 'number' ? Math.floor(Math.fround(dim * Math.fround(scale))) : undefined;

/** Returns the requested sizes, adjusted if a policy keeps the aspect ratio. */
function fitted(node: Node, dims: Shape, sizes: readonly Dim[]): readonly Dim[] {
  const policy = stringOf(node, 'keep_aspect_ratio_policy', 'stretch');
  if (policy === 'stretch') return sizes;
  const [from, to] = [numbers(dims), numbers(sizes)];
  if (!from || !to || from.length !== to.length) return sizes.map(() => undefined);
  const scales = to.map((size, at) => Math.fround(size / from[at]));
  const scale = policy === 'not_larger' ? Math.min(...scales) : Math.max(...scales);
  return from.map((dim) => Math.round(Math.fround(dim * scale)));
}
