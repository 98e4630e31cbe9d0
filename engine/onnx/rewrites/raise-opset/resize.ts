import { floats, numbersOf } from '../../../tensor/tensor';
import type { Node } from '../../graph';
import { intOf, setAttribute, stringOf } from '../../node-attributes';
import { AttributeProto_AttributeType as Kind } from '../../proto/onnx_pb';
import { dropAttribute, type Raise, type Raising } from './rule';

/** Upsample 7 (`scales`) and 9 (scales as an input): what it enlarges, Resize does. */
export const upsample: Raise = (node, raising) => {
  const scales = node.attribute.find(({ name, type }) => name === 'scales' && type === Kind.FLOATS)?.floats;
  dropAttribute(node, 'scales');
  if (scales) node.input[1] = raising.constant(floats([scales.length], scales));
  if (!node.input[1]) raising.refuse('it has no scales');
  node.opType = 'Resize';
  asResize(node, 'floor', raising);
};

/** Resize 10. Of nearest pixels it took the next one if it made an image smaller, otherwise the one before. */
export const resize: Raise = (node, raising) => {
  if (stringOf(node, 'mode', 'nearest') !== 'nearest') return asResize(node, 'floor', raising);
  const scales =
    raising.valueOf(node.input[1]) ??
    raising.refuse('its scales are computed, and which pixel is the nearest depends on them');
  const sizes = numbersOf(scales);
  const [larger, smaller] = [sizes.some((scale) => scale > 1), sizes.some((scale) => scale < 1)];
  if (larger && smaller) raising.refuse('it makes some axes larger and others smaller');
  asResize(node, smaller ? 'ceil' : 'floor', raising);
};

/** The scales are Resize 11's third input, after regions that only another coordinate transformation reads. */
function asResize(node: Node, nearest: 'floor' | 'ceil', raising: Raising): void {
  node.input = [node.input[0], raising.constant(floats([0], [])), node.input[1]];
  setAttribute(node, 'coordinate_transformation_mode', 'asymmetric');
  if (stringOf(node, 'mode', 'nearest') === 'nearest') setAttribute(node, 'nearest_mode', nearest);
}

/** Scatter 9: it has another name since. */
export const scatter: Raise = (node) => {
  node.opType = 'ScatterElements';
  setAttribute(node, 'axis', intOf(node, 'axis', 0));
};
