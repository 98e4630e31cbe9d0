/*
 * Writes Parquet files and packs data: run by `node`, since Jest can't load ES modules, which hyparquet's are. It reads
 * a `ParquetWork` from standard input and prints the outcome of each packing.
 */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { packData } from '../../engine/data/sources/pack-data';
import type { ParquetWork } from './parquet';

async function main(): Promise<void> {
  const { files, pack } = JSON.parse(readFileSync(0, 'utf8')) as ParquetWork;
  const { parquetWriteFile } = await import('hyparquet-writer');
  for (const { path, images, labels, struct, gzip, group, names, label = 'label' } of files) {
    const bytes = images.map((image) => new Uint8Array(readFileSync(image)));
    const column = struct
      ? { name: 'image', data: bytes.map((one, at) => ({ bytes: one, path: images[at] })) }
      : { name: 'image', data: bytes };
    const type = typeof labels[0] === 'string' ? 'STRING' : 'INT64';
    const values = typeof labels[0] === 'string' ? labels : labels.map((value) => BigInt(value));
    const features = { info: { features: { [label]: { names, _type: 'ClassLabel' } } } };
    const leaf = { type: 'BYTE_ARRAY', repetition_type: 'OPTIONAL' } as const;
    parquetWriteFile({
      filename: path,
      columnData: [column, { name: label, data: [...values] }],
      schema: [
        { name: 'root', num_children: 2 },
        ...(struct
          ? [
              { name: 'image', repetition_type: 'OPTIONAL', num_children: 2 } as const,
              { name: 'bytes', ...leaf },
              { name: 'path', ...leaf, converted_type: 'UTF8' } as const,
            ]
          : [{ name: 'image', ...leaf }]),
        type === 'STRING'
          ? { name: label, ...leaf, converted_type: 'UTF8' as const }
          : { name: label, type, repetition_type: 'OPTIONAL' as const },
      ],
      rowGroupSize: group,
      ...(gzip && {
        codec: 'GZIP',
        compressors: { GZIP: (data: Uint8Array) => new Uint8Array(gzipSync(data)) },
      }),
      ...(names && { kvMetadata: [{ key: 'huggingface', value: JSON.stringify(features) }] }),
    });
  }
  const outcomes = [];
  for (const splits of pack)
    outcomes.push(await packData(splits).catch((error: Error) => ({ error: error.message })));
  process.stdout.write(JSON.stringify(outcomes));
}

void main();
