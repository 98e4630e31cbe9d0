import { EngineError } from '../../../errors';
import type { Tensor } from '../../../tensor/tensor';
import { elementTypes } from '../../element-types';
import { type Graph, makeNode, type Node } from '../../graph';
import { TensorProto_DataType as DataType, type TensorProto } from '../../proto/onnx_pb';
import { nameOf } from '../../layers';
import { decodeTensor } from '../../tensor-proto';
import { graphsOf } from '../../walk';
import { clip, pad, slice, topK } from './attributes-to-inputs';
import { batchNorm, dropout, scan } from './normalization';
import { resize, scatter, upsample } from './resize';
import type { Raise, Raising } from './rule';

/** The operator set that older models are raised to: the oldest whose operators the rest of the engine knows. */
const raisedTo = 11;

/**
 * The operators whose definition changed between operator sets 7 and 11 in a way that a node must change. All others
 * mean in 11 what they meant in 7: a change added a type, a default, or an attribute that leaves what was.
 */
const rows = new Map<string, Raise>([
  ['BatchNormalization', batchNorm],
  ['Clip', clip],
  ['Dropout', dropout],
  ['Pad', pad],
  ['Resize', resize],
  ['Scan', scan],
  ['Scatter', scatter],
  ['Slice', slice],
  ['TopK', topK],
  ['Upsample', upsample],
]);

/** Fewest inputs of operators that need more than one; Upsample's scales are an attribute up to 8. */
const leastInputs = new Map([
  ['BatchNormalization', 5],
  ['Resize', 2],
]);

/**
 * Writes a model of operator sets 7 to 10 as one of 11, bodies of If, Loop and Scan and the model's own functions
 * included; a note says so. Leaves newer models as they are.
 * @throws EngineError `UnsupportedModel` naming the node that has no equal in 11.
 */
export function raiseOpset(graph: Graph): void {
  const from = graph.opset;
  if (from >= raisedTo) return;
  const { model } = graph;
  const functions = model.functions.filter(({ opsetImport }) =>
    opsetImport.every(({ domain, version }) => domain || Number(version) === from),
  );
  const lists: { node: Node[] }[] = [...graphsOf(model.graph!), ...functions];
  if (lists.some(({ node }) => node.some(changes))) {
    const known = new KnownOfModel(graph, lists);
    for (const list of lists)
      list.node = list.node.flatMap((node) => (changes(node) ? raised(node, known, from) : node));
  }
  for (const { opsetImport } of [model, ...functions])
    for (const imported of opsetImport) if (!imported.domain) imported.version = BigInt(raisedTo);
  graph.reindex();
  graph.note(`the model is of operator set ${from}: it is read, and written, as one of ${raisedTo}`);
}

const changes = ({ domain, opType }: Node): boolean => !domain && rows.has(opType);

/** A node in operator set 11, after the constants that it reads. */
function raised(node: Node, known: KnownOfModel, from: number): readonly Node[] {
  const constants: Node[] = [];
  const raising: Raising = {
    from,
    valueOf: (name) => known.valueOf(name),
    typeOf: (name) => known.typeOf(name),
    isRead: (name) => !!name && known.read.has(name),
    uniqueName: (base) => known.uniqueName(base),
    constant: (value) => {
      const name = known.uniqueName(`${node.output[0]}.constant`);
      constants.push(
        makeNode({ op: 'Constant', name: '', inputs: [], outputs: [name], attributes: { value } }),
      );
      return name;
    },
    refuse: (why) => {
      throw new EngineError(
        'UnsupportedModel',
        `node ${nameOf(node)} (${node.opType}) of operator set ${from} can't be raised to ${raisedTo}: ${why}; ` +
          "convert the model (onnx.version_converter.convert_version(model, 13) of Python's onnx), or export it again with " +
          `an operator set of ${raisedTo} or newer`,
      );
    },
  };
  // Rules read what their operators must have without asking.
  if (node.input.length < (leastInputs.get(node.opType) ?? 1) || !node.output[0])
    raising.refuse('it lacks an input or output');
  const nodes = rows.get(node.opType)!(node, raising) ?? [node];
  return [...constants, ...nodes];
}

/** Facts known about a model's values before it is raised, in subgraphs and functions too. */
class KnownOfModel {
  readonly read = new Set<string>();
  private readonly names = new Set<string>();
  private readonly tensors = new Map<string, TensorProto>();
  private readonly types: ReadonlyMap<string, number>;

  constructor(graph: Graph, lists: readonly { readonly node: readonly Node[] }[]) {
    const types = new Map<string, number>();
    for (const inner of graphsOf(graph.model.graph!)) {
      for (const tensor of inner.initializer) this.tensors.set(tensor.name, tensor);
      for (const { name, type } of [...inner.input, ...inner.output, ...inner.valueInfo]) {
        this.names.add(name);
        if (type?.value.case === 'tensorType') types.set(name, type.value.value.elemType);
      }
      for (const { name } of inner.output) this.read.add(name);
    }
    for (const [name, type] of elementTypes(graph)) types.set(name, type);
    this.types = types;
    for (const node of lists.flatMap((list) => list.node)) {
      for (const name of node.input) this.read.add(name);
      for (const name of [...node.input, ...node.output]) this.names.add(name);
      const value = node.opType === 'Constant' ? node.attribute.find(({ t }) => t)?.t : undefined;
      if (value) this.tensors.set(node.output[0], value);
    }
  }

  valueOf(name: string | undefined): Tensor | undefined {
    const tensor = name ? this.tensors.get(name) : undefined;
    return tensor && decodeTensor(tensor);
  }

  typeOf(name: string): number {
    return this.types.get(name) || this.tensors.get(name)?.dataType || DataType.FLOAT;
  }

  uniqueName(base: string): string {
    let name = base;
    for (let n = 1; this.names.has(name) || this.tensors.has(name); n++) name = `${base}_${n}`;
    this.names.add(name);
    return name;
  }
}
