import { intOf, intsOf } from '../node-attributes';
import type { Graph, Node } from '../graph';
import { type Dim, fromStart, type Shape } from '../dims';

/** Small vectors of numbers that are known while shapes are inferred, symbols among them. */
export interface Values {
  /** The elements of a value in row-major order. */
  get(value: string | undefined): Dim[] | undefined;
  /** Whether the elements are integers, as shapes are. */
  isInteger(value: string | undefined): boolean;
}

/** What a rule of shape inference may ask about. */
export interface Scope {
  readonly graph: Graph;
  readonly shape: (value: string | undefined) => Shape | undefined;
  readonly values: Values;
}

/** The shapes of a node's outputs; undefined where they cannot be known. */
export type Rule = (node: Node, scope: Scope) => (Shape | undefined)[] | undefined;

/** One rule for several operators, as rows of a table. */
export const rows = (operators: string, rule: Rule): Record<string, Rule> =>
  Object.fromEntries(operators.split(' ').map((op) => [op, rule]));

/** An axis counted from the end as one counted from the start; undefined where there is no such axis. */
export function wrap(axis: Dim, rank: number): number | undefined {
  if (typeof axis !== 'number' || !(axis >= -rank && axis < rank)) return undefined;
  return fromStart(axis, rank);
}

/** Axes counted from the start, each once; undefined where one does not exist or comes twice. */
export function wrapAll(axes: readonly Dim[], rank: number): number[] | undefined {
  const all = axes.map((axis) => wrap(axis, rank));
  const found = all.filter((axis) => axis !== undefined);
  return found.length === all.length && new Set(found).size === all.length ? found : undefined;
}

/** The axis that attribute `name` gives. */
export const axisOf = (node: Node, fallback: number, rank: number): number | undefined =>
  wrap(intOf(node, 'axis', fallback), rank);

/** Integers that older operator sets have as attribute `name` and newer ones as input `at`. */
export const given = (node: Node, at: number, name: string, { values }: Scope): Dim[] | undefined =>
  intsOf(node, name) ?? values.get(node.input[at]);

/** Whether a node sets either the attribute or the input. */
export const isGiven = (node: Node, at: number, name: string): boolean =>
  Boolean(node.input[at]) || node.attribute.some((attribute) => attribute.name === name);

/** `dims` with `size` along `axis`. */
export const withAxis = (dims: Shape, axis: number, size: Dim): Shape =>
  dims.map((dim, at) => (at === axis ? size : dim));

/** The numbers of a list that has nothing else. */
export const numbers = (values: readonly Dim[] | undefined): readonly number[] | undefined =>
  values?.every((value) => typeof value === 'number') ? values : undefined;
