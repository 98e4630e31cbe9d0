import { intOf, stringOf } from '../node-attributes';
import { agreed, broadcast, type Dim } from '../dims';
import { rows, type Rule } from './rule';

const differ = (a: Dim, b: Dim): boolean => typeof a === 'number' && typeof b === 'number' && a !== b;

/** Matrix products and recurrent layers. */
export const matrix: Record<string, Rule> = {
  Gemm(node, { shape }) {
    const [a, b] = [shape(node.input[0]), shape(node.input[1])];
    if (a?.length !== 2 || b?.length !== 2) return undefined;
    const [left, right] = [intOf(node, 'transA', 0) ? 1 : 0, intOf(node, 'transB', 0) ? 1 : 0];
    return differ(a[1 - left], b[right]) ? undefined : [[a[left], b[1 - right]]];
  },
  MatMul(node, { shape }) {
    const [a, b] = [shape(node.input[0]), shape(node.input[1])];
    if (!a?.length || !b?.length) return undefined;
    if (differ(a[a.length - 1], b[Math.max(0, b.length - 2)])) return undefined;
    const stack = broadcast([a.slice(0, -2), b.slice(0, -2)]);
    // A 1-D operand is a row or a column, whose axis of 1 does not appear in the result.
    return stack && [[...stack, ...a.slice(0, -1).slice(-1), ...(b.length > 1 ? b.slice(-1) : [])]];
  },
  Einsum(node, { shape }) {
    const equation = stringOf(node, 'equation', '').replace(/\s/g, '');
    if (!/^[A-Za-z,]+->[A-Za-z]*$/.test(equation)) return undefined; // an ellipsis, or an implicit result
    const [left, right] = equation.split('->');
    const sizes = new Map<string, Dim>();
    const terms = left.split(',');
    const shapes = node.input.map(shape);
    if (terms.length !== shapes.length || terms.some((term, at) => shapes[at]?.length !== term.length))
      return undefined;
    terms.forEach((term, at) =>
      [...term].forEach((letter, axis) => {
        const dim = shapes[at]![axis];
        sizes.set(letter, sizes.has(letter) ? agreed(sizes.get(letter), dim) : dim);
      }),
    );
    return [...right].every((letter) => sizes.has(letter))
      ? [[...right].map((l) => sizes.get(l))]
      : undefined;
  },
  ...rows('LSTM GRU RNN', (node, { shape }) => {
    const input = shape(node.input[0]);
    const hidden = intOf(node, 'hidden_size', 0);
    if (input?.length !== 3 || !hidden) return undefined;
    const directions = stringOf(node, 'direction', 'forward') === 'bidirectional' ? 2 : 1;
    if (intOf(node, 'layout', 0) === 1) {
      const last = [input[0], directions, hidden];
      return [[input[0], input[1], directions, hidden], last, last];
    }
    const last = [directions, input[1], hidden];
    return [[input[0], directions, input[1], hidden], last, last];
  }),
};
