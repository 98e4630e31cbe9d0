import { floats, isFloat } from '../../../tensor/tensor';
import { makeNode } from '../../graph';
import { floatOf, intOf } from '../../node-attributes';
import { dropAttribute, type Raise } from './rule';

/**
 * BatchNormalization 7: `spatial` is gone, which was 1 by default: statistics of a channel. With 0 each activation has
 * its own, and what is left of that at inference is a product and a sum.
 */
export const batchNorm: Raise = (node, raising) => {
  if (raising.from >= 9) return;
  const spatial = intOf(node, 'spatial', 1);
  dropAttribute(node, 'spatial');
  const [output, ...others] = node.output;
  if (others.some((value) => raising.isRead(value)))
    raising.refuse('it gives statistics, as in training: export the model for inference');
  node.output = [output];
  if (spatial) return;
  const [scale, bias, mean, variance] = node.input.slice(1).map((name) => {
    const value = raising.valueOf(name);
    return isFloat(value) ? value : raising.refuse(`its ${name} is computed, and it is not spatial`);
  });
  const epsilon = floatOf(node, 'epsilon', 1e-5);
  if (![bias, mean, variance].every(({ data }) => data.length === scale.data.length))
    raising.refuse('its parameters differ in length');
  const factor = scale.data.map((value, at) => value / Math.sqrt(variance.data[at] + epsilon));
  const shift = bias.data.map((value, at) => value - mean.data[at] * factor[at]);
  const scaled = raising.uniqueName(`${output}.scaled`);
  return [
    makeNode({
      op: 'Mul',
      name: node.name && `${node.name}.scale`,
      inputs: [node.input[0], raising.constant(floats(scale.dims, factor))],
      outputs: [scaled],
    }),
    makeNode({
      op: 'Add',
      name: node.name,
      inputs: [scaled, raising.constant(floats(bias.dims, shift))],
      outputs: [output],
    }),
  ];
};

/** Dropout 7: the mask had the type of the data, and is of booleans since 10. */
export const dropout: Raise = (node, raising) => {
  if (raising.from >= 10) return;
  if (raising.isRead(node.output[1])) raising.refuse('its mask is read');
  node.output = node.output.slice(0, 1);
};

/** Scan 8: a batch axis and lengths of sequences, which are gone since 9. */
export const scan: Raise = (_, raising) => {
  if (raising.from < 9) raising.refuse('it scans each sample of a batch on its own');
};
