import type { Labels } from '../labels';
import type { Rule, Scope } from './scope';

/** Operators that compute each element of their results from one element of their first input. */
export const pointwise: Rule = (node, { labels }) => node.output.map(() => labels.get(node.input[0]));

/**
 * Operators that combine elements with NumPy's broadcasting: channels that meet become one. Constants along the
 * channels are parameters.
 */
export const elementwise: Rule = (node, scope) => {
  const operands = node.input.map((value, index) => ({ value, index })).filter(({ value }) => value);
  const ranks = operands.map(({ value }) => scope.shape(value)?.length);
  if (!ranks.every((rank) => rank !== undefined))
    return `the shape of an input of ${node.opType} is not known`;
  const rank = Math.max(...ranks);
  const lead = widest(operands.map(({ value }, at) => shifted(scope.labels.get(value), rank - ranks[at])));
  if (!lead) return node.output.map(() => undefined);
  for (const [at, { value, index }] of operands.entries()) {
    const why = join(scope, value, lead, rank - ranks[at], () =>
      scope.parameter(node, index, lead.axis - (rank - ranks[at]), lead.ids),
    );
    if (why) return why;
  }
  return node.output.map(() => lead);
};

const shifted = (labels: Labels | undefined, by: number): Labels | undefined =>
  labels && { axis: labels.axis + by, ids: labels.ids };

const widest = (all: readonly (Labels | undefined)[]): Labels | undefined =>
  all.reduce((a, b) => (b && (!a || b.ids.length > a.ids.length) ? b : a), undefined);

/** Unites an operand, whose axes start `offset` later, with the channels of the result; or says why that fails. */
function join(
  scope: Scope,
  value: string,
  lead: Labels,
  offset: number,
  asParameter: () => void,
): string | undefined {
  const dim = lead.axis < offset ? 1 : scope.shape(value)![lead.axis - offset];
  const count = lead.ids.length;
  if (scope.graph.isConstant(value)) {
    if (dim === count && count > 1) asParameter();
    else if (dim !== 1) return `${value} broadcasts one channel to ${String(dim ?? 'many')}`;
    return undefined;
  }
  const own = shifted(scope.labels.get(value), offset);
  if (own && own.axis === lead.axis) {
    if (own.ids.length === count) scope.atoms.uniteAll(own.ids, lead.ids);
    return own.ids.length === count || own.ids.length === 1
      ? undefined
      : `it combines ${own.ids.length} channels with ${count}`;
  }
  if (own) {
    const why = `${value} has its channels along another axis than the value that it is combined with`;
    if (dim !== 1) return why;
    scope.atoms.freeze(own.ids, why);
    return undefined;
  }
  return dim === 1 ? undefined : scope.why(value);
}
