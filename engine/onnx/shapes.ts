import type { Graph, Node } from './graph';
import type { Dim, Shape } from './dims';
import { matrix } from './shape-rules/matrix';
import { moves } from './shape-rules/moves';
import { pointwise } from './shape-rules/pointwise';
import { reshapes } from './shape-rules/reshapes';
import type { Rule, Scope, Values } from './shape-rules/rule';
import { KnownValues } from './shape-rules/values';
import { windows } from './shape-rules/windows';

export type { Shape } from './dims';
/** Shapes by value; unknown ones are missing. */
export type Shapes = ReadonlyMap<string, Shape>;

/** One row per operator; if one is missing its outputs are unknown, never guessed. */
const rules = new Map<string, Rule>(
  Object.entries({ ...windows, ...matrix, ...pointwise, ...reshapes, ...moves }),
);

/** Shapes, and the contents of small vectors if known. */
export interface Inferred {
  readonly shapes: Shapes;
  readonly values: Values;
}

/** Options for shape inference. */
export interface InferOptions {
  /**
   * Assumes the sizes that the graph was opened with for sizes the model leaves open, and measured shapes if no rule
   * gives them; true by default.
   */
  readonly assume?: boolean;
}

/**
 * Infers the shapes of all values of the graph, with the batch as the symbol that the model gives it. Values computed
 * by an operator without a rule, and what follows from them, are missing unless they were measured
 * (`runtime/measured-shapes.ts`); an unknown dimension is undefined.
 */
export const inferShapes = (graph: Graph, options?: InferOptions): Shapes => infer(graph, options).shapes;

/** Infers shapes as `inferShapes` does, with the values of shape arithmetic. Never throws, whatever the model holds. */
export function infer(graph: Graph, { assume = true }: InferOptions = {}): Inferred {
  const shapes = new Map<string, Shape>();
  const { inputSizes: assumed, measuredShapes: measured } = assume ? graph.context : {};
  for (const [name, dims] of inputShapes(graph, assumed)) shapes.set(name, dims);
  for (const name of graph.initializers) {
    const dims = graph.constantDims(name);
    if (dims) shapes.set(name, dims);
  }
  const shape = (value: string | undefined) => (value ? shapes.get(value) : undefined);
  const values = new KnownValues(graph, shape);
  const scope = { graph, shape, values };
  for (const node of graph.nodes) {
    const results = attempt(() => apply(node, scope));
    node.output.forEach((value, at) => {
      const result = completed(hasRule(node) ? results?.[at] : undefined, measured?.get(value));
      if (value && result && isShape(result)) shapes.set(value, result);
    });
    attempt(() => values.learn(node));
  }
  return { shapes, values };
}

/** Fills the dimensions that a rule leaves unknown with measured ones. */
function completed(own: Shape | undefined, measured: Shape | undefined): Shape | undefined {
  if (!own || !measured) return own ?? measured;
  return own.length === measured.length ? own.map((dim, axis) => dim ?? measured[axis]) : own;
}

/** Tells if shape inference knows the operator of a node. */
export const hasRule = ({ domain, opType }: Node): boolean => !domain && rules.has(opType);

const apply = (node: Node, scope: Scope): ReturnType<Rule> =>
  node.domain ? undefined : rules.get(node.opType)?.(node, scope);

/** Runs a rule; one that fails on a broken attribute counts as missing. */
function attempt<T>(rule: () => T): T | undefined {
  try {
    return rule();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return undefined;
    throw error;
  }
}

const isShape = (dims: Shape): boolean =>
  dims.every((dim) => typeof dim !== 'number' || (Number.isSafeInteger(dim) && dim >= 0));

/**
 * Returns the shapes of inputs. An unnamed open dimension gets a symbol of its own, so that it is recognized further
 * on; sizes assumed for inputs replace all but the batch.
 */
function inputShapes(graph: Graph, assumed: ReadonlyMap<string, readonly number[]> = new Map()) {
  const symbols = new Map<string, number>();
  for (const { name, dims } of graph.inputs) {
    dims?.forEach((dim, axis) => {
      const size = assumed.get(name)?.[axis];
      if (axis > 0 && typeof dim === 'string' && size !== undefined) symbols.set(dim, size);
    });
  }
  const batches = new Set(graph.inputs.map(({ dims }) => dims?.[0]));
  return graph.inputs.flatMap(({ name, dims }): [string, Dim[]][] => {
    const sizes = assumed.get(name);
    const declared = dims ?? sizes?.map(() => undefined);
    if (!declared) return [];
    return [
      [
        name,
        declared.map((dim, axis) => {
          if (typeof dim === 'number') return dim;
          // Beside images, a state may have the batch on a later axis.
          if (axis > 0 && typeof dim === 'string' && dim !== declared[0] && batches.has(dim)) return dim;
          const known =
            axis > 0
              ? (sizes?.[axis] ?? (dim && !batches.has(dim) ? symbols.get(dim) : undefined))
              : undefined;
          return known ?? dim ?? `${name.replace(/\W/g, '_')}.${axis}`;
        }),
      ],
    ];
  });
}

/** A node whose outputs have no known shape though its inputs do, with the name of its operator. */
export interface UnknownOperator {
  readonly operator: string;
  readonly node: Node;
}

/**
 * Finds the nodes at which shapes become unknown: their inputs have shapes and their outputs have none. What follows
 * them is left unchanged.
 */
export function unknownOperators(graph: Graph, shapes: Shapes = inferShapes(graph)): UnknownOperator[] {
  return graph.nodes
    .filter(
      ({ input, output }) =>
        output.some((value) => value && !shapes.has(value)) &&
        input.every((value) => !value || shapes.has(value)),
    )
    .map((node) => ({ operator: operatorOf(node), node }));
}

/** Names a node's operator, with its domain if that is not ONNX's. */
export const operatorOf = ({ domain, opType }: Node): string => (domain ? `${domain}.${opType}` : opType);
