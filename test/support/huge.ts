import { create, toBinary } from '@bufbuild/protobuf';
import { truncateSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

import { pointTo } from '../../engine/onnx/external-data';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as Location,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
} from '../../engine/onnx/proto/onnx_pb';
import { tinyNetwork } from './tiny';

/** Writes the tiny network with 2.4 GB of weights that nothing reads, in a sparse file: they take no room on the disk. */
export function hugeModel(path: string): void {
  const { model } = tinyNetwork();
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
