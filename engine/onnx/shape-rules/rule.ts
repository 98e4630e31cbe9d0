import { intOf, intsOf } from '../node-attributes';
import type { Graph, Node } from '../graph';
import { type Dim, fromStart, type Shape } from '../dims';

/** Contents of small vectors that are known while shapes are inferred, including symbols. */
export interface Values {
  /** Returns a value's elements in row-major order. */
  get(value: string | undefined): Dim[] | undefined;
  /** Tells if the elements are integers, as shapes are. */
  isInteger(value: string | undefined): boolean;
}

/** Facts that a shape rule may look up. */
export interface Scope {
  readonly graph: Graph;
  readonly shape: (value: string | undefined) => Shape | undefined;
  readonly values: Values;
}

/** Infers the shapes of a node's outputs; undefined if unknown. */
export type Rule = (node: Node, scope: Scope) => (Shape | undefined)[] | undefined;

/** Lists one rule under several operators, as rows of a table. */
export const rows = (operators: string, rule: Rule): Record<string, Rule> =>
  Object.fromEntries(operators.split(' ').map((op) => [op, rule]));

/** Converts an axis counted from the end to one counted from the start; undefined if there is no such axis. */
export function wrap(axis: Dim, rank: number): number | undefined {
  if (typeof axis !== 'number' || !(axis >= -rank && axis < rank)) return undefined;
  return fromStart(axis, rank);
}

/** Counts axes from the start; undefined if one does not exist or appears twice. */
export function wrapAll(axes: readonly Dim[], rank: number): number[] | undefined {
  const all = axes.map((axis) => wrap(axis, rank));
  const found = all.filter((axis) => axis !== undefined);
  return found.length === all.length && new Set(found).size === all.length ? found : undefined;
}

/** Returns the axis that attribute `name` sets. */
export const axisOf = (node: Node, fallback: number, rank: number): number | undefined =>
  wrap(intOf(node, 'axis', fallback), rank);

/** Reads integers that older opsets have as attribute `name` and newer ones as input `at`. */
export const given = (node: Node, at: number, name: string, { values }: Scope): Dim[] | undefined =>
  intsOf(node, name) ?? values.get(node.input[at]);

/** Tells if a node sets either the attribute or the input. */
export const isGiven = (node: Node, at: number, name: string): boolean =>
  Boolean(node.input[at]) || node.attribute.some((attribute) => attribute.name === name);

/** Copies `dims` with `size` along `axis`. */
export const withAxis = (dims: Shape, axis: number, size: Dim): Shape =>
  dims.map((dim, at) => (at === axis ? size : dim));

/** Returns a list if it holds only numbers, else undefined. */
export const numbers = (values: readonly Dim[] | undefined): readonly number[] | undefined =>
  values?.every((value) => typeof value === 'number') ? values : undefined;
