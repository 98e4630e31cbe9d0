import { toHalves } from '../../tensor/float16';
import { elementTypes } from '../element-types';
import { type Graph, type Halves, makeNode } from '../graph';
import { type GraphProto, type TensorProto, TensorProto_DataType as DataType } from '../proto/onnx_pb';
import { decodeTensor, encodeTensor } from '../tensor-proto';
import { graphsOf } from '../walk';
import { setElementType, typeAttributes } from './widen-halves';

/** A graph to be saved, and the initializers whose values are to be written as float16. */
export interface Narrowed {
  readonly graph: Graph;
  readonly halves: ReadonlySet<string>;
}

/** Inputs that are always 32-bit floats, whatever the data's type. */
const alwaysSingle = new Set(['Resize', 'Upsample']);

/**
 * Undoes `widenHalves` on a copy: what was float16 is so again, and new weights follow the values they are combined
 * with. The values of initializers are left for the writer to convert one by one; a graph that was never widened is
 * returned itself.
 */
export function narrowHalves(graph: Graph): Narrowed {
  const { halves } = graph.context;
  if (!halves) return { graph, halves: new Set() };
  const out = graph.clone();
  for (const inner of graphsOf(out.model.graph!)) narrowGraph(inner, halves);
  const open = new Set(
    out.initializers.filter(
      (name) => out.constantType(name) === 'float32' && !halves.values.has(name) && !halves.single.has(name),
    ),
  );
  const narrow = new Set(
    out.initializers.filter((name) => halves.values.has(name) && out.constantType(name) === 'float32'),
  );
  const cast = new Set([...halves.cast].filter((name) => narrow.has(name)));
  const types = elementTypes(
    out,
    new Map<string, number>([
      ...[...open].map((name) => [name, 0] as const),
      ...[...narrow].map((name) => [name, cast.has(name) ? DataType.FLOAT : DataType.FLOAT16] as const),
    ]),
  );
  for (const name of open) {
    const [reader] = out.uses(name);
    if (!reader || (!reader.domain && alwaysSingle.has(reader.opType))) continue;
    const others = reader.input.filter((value) => value && !open.has(value) && !narrow.has(value));
    const half = others.some((value) => types.get(value) === DataType.FLOAT16);
    // A model that stores its weights as halves and computes in single precision keeps doing so.
    const stored = !half && halves.cast.size > 0 && (out.constantDims(name)?.length ?? 0) >= 2;
    if (half || stored) narrow.add(name);
    if (stored) cast.add(name);
  }
  for (const name of cast) restoreCast(out, name);
  return { graph: out, halves: narrow };
}

function narrowGraph(graph: GraphProto, halves: Halves): void {
  for (const { name, type } of [...graph.input, ...graph.output, ...graph.valueInfo])
    if (type && halves.values.has(name)) setElementType(type, DataType.FLOAT16);
  for (const node of graph.node) {
    if (!node.output.some((value) => halves.values.has(value))) continue;
    for (const attribute of node.attribute) {
      if (typeAttributes.has(attribute.name) && attribute.i === BigInt(DataType.FLOAT))
        attribute.i = BigInt(DataType.FLOAT16);
      if (attribute.t?.dataType === DataType.FLOAT) attribute.t = halfOf(attribute.t);
    }
  }
}

function halfOf(proto: TensorProto): TensorProto {
  const { dims, data } = decodeTensor(proto)!;
  return encodeTensor(proto.name, { type: 'float16', dims, data: toHalves(data as Float32Array) });
}

/** Restores the Cast by which a weight stored as halves is read in single precision. */
function restoreCast(graph: Graph, name: string): void {
  const [first] = graph.uses(name);
  if (!first) return;
  const value = graph.uniqueName(`${name}.single`);
  graph.redirect(name, value);
  graph.insert(
    [makeNode({ op: 'Cast', inputs: [name], outputs: [value], attributes: { to: DataType.FLOAT } })],
    first,
  );
}
