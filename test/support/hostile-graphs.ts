import { create } from '@bufbuild/protobuf';

import { declare } from '../../engine/onnx/extract';
import { type Graph, makeNode } from '../../engine/onnx/graph';
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as Kind,
  GraphProtoSchema,
} from '../../engine/onnx/proto/onnx_pb';
import { int64s } from '../../engine/tensor/tensor';
import { modelOf } from './graphs';

/** A model whose loop goes on for as long as `more`, a constant, says. */
export function looping(): Graph {
  const graph = modelOf(['x', [2, 3]], [{ op: 'Relu', inputs: ['x'], outputs: ['r'] }], ['y'], {
    more: { type: 'bool', dims: [], data: Uint8Array.of(1) },
  });
  const body = create(GraphProtoSchema, {
    name: 'body',
    node: [
      makeNode({ op: 'Identity', inputs: ['going'], outputs: ['going.on'] }),
      makeNode({ op: 'Neg', inputs: ['state'], outputs: ['next'] }),
    ],
    input: [declare('at', [], 'int64'), declare('going', [], 'bool'), declare('state')],
    output: [declare('going.on', [], 'bool'), declare('next')],
  });
  const loop = makeNode({ op: 'Loop', name: 'round and round', inputs: ['', 'more', 'r'], outputs: ['y'] });
  loop.attribute.push(create(AttributeProtoSchema, { name: 'body', type: Kind.GRAPH, g: body }));
  graph.insert([loop]);
  return graph;
}

/** A model that makes a tensor of a size that it states itself. */
export const growing = (...sizes: number[]): Graph =>
  modelOf(
    ['x', [2, 3]],
    [
      { op: 'Relu', inputs: ['x'], outputs: ['r'] },
      { op: 'ConstantOfShape', name: 'huge', inputs: ['sizes'], outputs: ['c'] },
      { op: 'ReduceSum', inputs: ['c'], outputs: ['sum'], attributes: { keepdims: 0 } },
      { op: 'Add', inputs: ['r', 'sum'], outputs: ['y'] },
    ],
    ['y'],
    { sizes: int64s(sizes) },
  );
