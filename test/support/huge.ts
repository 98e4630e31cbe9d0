import { create, toBinary } from '@bufbuild/protobuf';
import { truncateSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

import { declare } from '../../engine/onnx/extract';
import { pointTo } from '../../engine/onnx/external-data';
import { makeNode } from '../../engine/onnx/graph';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as Location,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from '../../engine/onnx/proto/onnx_pb';
import { int64s } from '../../engine/tensor/tensor';
import { tinyNetwork } from './tiny';

/**
 * Writes the tiny network with 2.4 GB of weights, of which it gives one as an output, in a sparse file: they take no
 * room on the disk, and nobody has to read them.
 */
export function hugeModel(path: string): void {
  const graph = tinyNetwork();
  graph.setConstant('first', int64s([0]));
  const { model } = graph;
  model.graph!.node.push(makeNode({ op: 'Gather', inputs: ['huge', 'first'], outputs: ['one'] }));
  model.graph!.output.push(declare('one', [1]));
  const length = 2_400_000_000;
  model.graph!.initializer.push(
    create(TensorProtoSchema, {
      name: 'huge',
      dataType: DataType.FLOAT,
      dims: [BigInt(length / 4)],
      dataLocation: Location.EXTERNAL,
      externalData: pointTo({ path: `${basename(path)}.data`, offset: 0, length }),
    }),
  );
  writeFileSync(path, toBinary(ModelProtoSchema, model));
  writeFileSync(`${path}.data`, '');
  truncateSync(`${path}.data`, length);
}
