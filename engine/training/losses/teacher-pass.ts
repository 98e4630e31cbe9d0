import { clone } from '@bufbuild/protobuf';

import { EngineError } from '../../errors';
import { setAttribute } from '../../onnx/node-attributes';
import { nodesFor } from '../../onnx/extract';
import type { Graph, Node } from '../../onnx/graph';
import { NodeProtoSchema } from '../../onnx/proto/onnx_pb';
import type { Tensor } from '../../tensor/tensor';
import type { Builder } from '../emit/builder';
import { describe, scoresOf } from './model-scores';
import type { Shape } from '../emit/batch-shapes';

/** The model to learn from, and the shapes of its values (`measureShapes`). */
export interface Teacher {
  readonly graph: Graph;
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** A teacher's forward pass, to be inserted before a student's step. */
export interface Teaching {
  readonly nodes: readonly Node[];
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Returns the teacher's value for one of the student's. */
  readonly valueOf: (value: string) => string;
}

/**
 * Copies a teacher's nodes under separate names, as it infers: BatchNormalization by its running statistics. Its
 * weights are constants, so that ONNX Runtime folds and lays them out as in any model.
 * @param student its logits, if these are compared, correspond to the teacher's, whatever their names
 * @param compared the student's values that are compared: its logits, others by name
 * @throws EngineError `InvalidSettings` if the two do not fit together
 */
export function teach(
  { graph, shapes }: Teacher,
  student: { graph: Graph; shapes: ReadonlyMap<string, Shape>; logits?: string },
  compared: readonly string[],
): Teaching {
  checkOperators(graph, student.graph);
  const shapeOf = (value: string) => shapes.get(value) ?? [];
  const nameOf = (own: string) => (own === student.logits ? scoresOf(graph, shapeOf).value : own);
  const pairs = compared.map((own) => [own, nameOf(own)]);
  for (const [own, other] of pairs) checkPair(own, student.shapes.get(own), other, shapes.get(other));
  const own = studentsInputs(graph, student.graph);
  const prefix = prefixFor(student.graph);
  const renamed = (value: string) => own.get(value) ?? (value && prefix + value);
  const wanted = pairs.map(([, other]) => other);
  const { nodes } = nodesFor(graph, wanted);
  const read = new Set(nodes.flatMap((node) => node.input));
  const constants = [...read].flatMap((name): [string, Tensor][] => {
    const value = graph.constant(name);
    return value ? [[prefix + name, value]] : [];
  });
  const names = new Map(pairs.map(([own, other]) => [own, prefix + other]));
  return {
    nodes: nodes.map((node) => asInferred(graph, node, prefix, renamed)),
    constants: new Map(constants),
    valueOf: (value) => names.get(value)!,
  };
}

/** The student's input for each of the teacher's: that of the same name, or the only one left. */
function studentsInputs(teacher: Graph, student: Graph): ReadonlyMap<string, string> {
  const names = student.inputs.map(({ name }) => name);
  const [same, others] = [new Map<string, string>(), [] as string[]];
  for (const { name } of teacher.inputs)
    if (names.includes(name)) same.set(name, name);
    else others.push(name);
  const left = names.filter((name) => !same.has(name));
  if (others.length > 1 || (others.length && left.length !== 1))
    throw new EngineError(
      'InvalidSettings',
      `the teacher has inputs ${others.join(', ')}, and the student has ${names.join(', ')}: name them alike in both models`,
    );
  return new Map([...same, ...others.map((name): [string, string] => [name, left[0]])]);
}

/** Finds a prefix that none of the student's names has: a student may itself have been trained with a teacher inside. */
function prefixFor({ nodes, initializers }: Graph): string {
  const taken = [...initializers, ...nodes.flatMap(({ name, input, output }) => [name, ...input, ...output])];
  let prefix = 'teacher/';
  while (taken.some((name) => name.startsWith(prefix))) prefix = `teacher.${prefix}`;
  return prefix;
}

function asInferred(graph: Graph, node: Node, prefix: string, renamed: (value: string) => string): Node {
  if (graph.capturesOf(node).size) {
    throw new EngineError(
      'UnsupportedModel',
      `the teacher's node ${node.name || node.output[0]} (${node.opType}) has subgraphs, which a teacher must not have`,
    );
  }
  const copy = clone(NodeProtoSchema, node);
  // A node's name is optional; only given ones must be unique.
  copy.name = node.name && prefix + node.name;
  copy.input = node.input.map(renamed);
  copy.output = node.output.map(renamed);
  if (!node.domain && node.opType === 'BatchNormalization') {
    copy.output.splice(1);
    if (graph.opset >= 14) setAttribute(copy, 'training_mode', 0);
  }
  return copy;
}

function checkPair(own: string, dims: Shape | undefined, other: string, wanted: Shape | undefined): void {
  const told = `the student's ${own} ${dims ? `has shape ${describe(dims)}` : 'does not exist'}`;
  if (dims && wanted && dims.join() === wanted.join()) return;
  throw new EngineError(
    'InvalidSettings',
    `${told}, the teacher's ${other} ${wanted ? `has shape ${describe(wanted)}` : 'does not exist'}: distillation needs equal shapes`,
  );
}

/** Checks opsets: one model has one version of each. */
function checkOperators(teacher: Graph, student: Graph): void {
  for (const { domain, version } of teacher.model.opsetImport) {
    const own = student.model.opsetImport.find((imported) => (imported.domain || '') === (domain || ''));
    if (own?.version === version || (!own && domain)) continue;
    throw new EngineError(
      'InvalidSettings',
      `the teacher uses opset ${version}${domain ? ` of ${domain}` : ''}, the student ${own?.version ?? 'none'}: export both with the same opset`,
    );
  }
}

/** Inserts a teacher before everything emitted so far. */
export function include(builder: Builder, { nodes, constants }: Teaching): void {
  builder.nodes.unshift(...nodes);
  for (const [name, value] of constants) builder.constant(value, name);
}
