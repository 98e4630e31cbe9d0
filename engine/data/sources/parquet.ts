import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

import { z } from 'zod';

import { EngineError } from '../../errors';
import { openRegular } from '../../regular-file';
import { decodeImage, most } from '../images/read-image';
import type { RawSample } from '../images/write-samples';
import type { OpenedSamples, SourceKind } from './kind';
import { labelOf } from './label-value';
import { bytesOf, ParquetReader } from './parquet-reader';

const isParquet = (path: string): boolean => extname(path).toLowerCase() === '.parquet';

/** Parquet files with the bytes of image files, as the Hugging Face hub has them: one, several, or a folder of them. */
export const parquetFiles: SourceKind = {
  name: 'a Parquet file',
  reads: ['columns', 'classes'],
  claims: (paths) => paths.every(isParquet) || (paths.length === 1 && filesIn(paths[0]).length > 0),
  open: async ({ paths, columns, classes, labels }): Promise<OpenedSamples> => {
    const files = isParquet(paths[0]) ? paths : filesOfOneSplit(paths[0]);
    const tables: Table[] = [];
    for (const path of files) tables.push(await openTable(path, columns, labels === undefined));
    const names = classes ?? tables[0].classes;
    return {
      files,
      total: tables.reduce((sum, { rows }) => sum + rows, 0),
      classes: names,
      async *samples(): AsyncGenerator<RawSample> {
        for (const table of tables)
          try {
            yield* samplesOf(table, names);
          } finally {
            await table.reader.close();
          }
      },
    };
  },
};

/** Lists the Parquet files of a folder by name; none if it is not a folder, or has none. */
function filesIn(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder)
    .filter((name) => isParquet(name) && !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name));
}

/** Names of splits, with which the hub's files begin. */
const splitNames = /^(train|test|validation|val|dev)\b/;

function filesOfOneSplit(folder: string): string[] {
  const files = filesIn(folder);
  const splits = new Set(files.map((path) => splitNames.exec(path.slice(folder.length + 1))?.[0]));
  if (splits.size <= 1) return files;
  throw new EngineError(
    'InvalidData',
    `${folder} has Parquet files of several splits (${[...splits].map((name) => name ?? 'others').join(', ')}): name those of one, such as ${join(folder, `${[...splits].find((name) => name)}-*.parquet`)}`,
  );
}

/** A Parquet file, and which of its columns are read. */
interface Table {
  readonly path: string;
  readonly rows: number;
  /** Rows of each row group, in order. */
  readonly groups: readonly number[];
  readonly image: string;
  readonly label?: string;
  /** Names of the classes, as the hub's `ClassLabel` has them. */
  readonly classes?: readonly string[];
  /** Reads these columns of some rows. */
  readonly reader: ParquetReader;
}

/** Most bytes of one column that are read, or unpacked, at once. */
const mostBytes = 2 ** 31 - 1;
/** Most rows of one row group: they are held together. */
const mostRows = 1e6;

/** The part of a file's footer that is read, as whatever wrote the file may have it. */
const Footer = z.object({
  row_groups: z.array(
    z.object({
      num_rows: z.bigint(),
      columns: z.array(
        z.object({
          meta_data: z
            .object({
              path_in_schema: z.array(z.string()).min(1),
              total_uncompressed_size: z.bigint(),
              total_compressed_size: z.bigint(),
            })
            .optional(),
        }),
      ),
    }),
  ),
  key_value_metadata: z.array(z.object({ key: z.string(), value: z.string().optional() })).optional(),
});

/** Usual names of columns. */
const usual = { image: ['image', 'img'], label: ['label', 'labels', 'fine_label'] } as const;

async function openTable(
  path: string,
  columns: { readonly image?: string; readonly label?: string } = {},
  labelled: boolean,
): Promise<Table> {
  const { parquetMetadataAsync, parquetSchema } = await import('hyparquet');
  const bad = (what: string) => new EngineError('InvalidData', `${path} ${what}`);
  const { file: handle, status } = await openRegular(path).catch((error: Error) => {
    throw bad(`can't be read: ${error.message}`);
  });
  await handle.close();
  const file = {
    byteLength: Number(status.size),
    slice: (start: number, end?: number) => bytesOf(path, start, end ?? Number(status.size)),
  };
  let names: readonly string[];
  let footer: z.output<typeof Footer>;
  try {
    const metadata = await parquetMetadataAsync(file);
    footer = Footer.parse(metadata);
    names = parquetSchema(metadata).children.map(({ element }) => element.name);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw bad('is not a Parquet file, or is broken');
  }
  const column = (what: 'image' | 'label'): string | undefined => {
    const wanted = columns[what];
    const found =
      wanted === undefined
        ? usual[what].find((name) => names.includes(name))
        : names.find((name) => name === wanted);
    if (found !== undefined || (wanted === undefined && what === 'label')) return found;
    throw bad(
      `has no column ${wanted ?? usual[what][0]}; it has ${names.join(', ')}: set columns.${what} to one of them`,
    );
  };
  const image = column('image')!;
  const label = labelled ? column('label') : undefined;
  const groups = footer.row_groups.map(({ num_rows, columns: chunks }) => {
    const used = chunks.filter(({ meta_data }) => [image, label].includes(meta_data?.path_in_schema[0]));
    for (const { meta_data } of used)
      if (
        Number(meta_data!.total_uncompressed_size) > mostBytes ||
        Number(meta_data!.total_compressed_size) > mostBytes
      )
        throw bad(
          `has a row group of more than 2 GB, which is read at once: write it with fewer rows per group`,
        );
    if (!(Number(num_rows) >= 0 && Number(num_rows) <= mostRows))
      throw bad(`has a row group of ${num_rows} rows; at most ${mostRows} are read`);
    return Number(num_rows);
  });
  const rows = groups.reduce((sum, count) => sum + count, 0);
  const hub = footer.key_value_metadata?.find(({ key }) => key === 'huggingface')?.value;
  const reader = new ParquetReader({
    path,
    size: Number(status.size),
    columns: label === undefined ? [image] : [image, label],
  });
  return { path, rows, groups, image, label, classes: classNames(hub, label), reader };
}

/** Reads the names of a column's classes from the hub's description of a data set; undefined if it has none. */
function classNames(
  description: string | undefined,
  column: string | undefined,
): readonly string[] | undefined {
  if (description === undefined || column === undefined) return undefined;
  try {
    const { info } = JSON.parse(description) as {
      info?: { features?: Record<string, { names?: unknown } | undefined> };
    };
    const names = info?.features?.[column]?.names;
    return Array.isArray(names) && names.every((name) => typeof name === 'string') ? names : undefined;
  } catch {
    return undefined;
  }
}

/** Rows that are decoded together, if a row group has more. */
async function* samplesOf(
  { path, groups, image, label, reader }: Table,
  classes?: readonly string[],
): AsyncGenerator<RawSample> {
  let first = 0;
  for (const count of groups) {
    const rows = await reader.read(first, first + count);
    if (rows.length !== count)
      throw new EngineError('InvalidData', `${path} has ${rows.length} rows where it declares ${count}`);
    for (const [at, row] of rows.entries()) {
      const name = `${path} row ${first + at}`;
      const bytes = imageBytes(name, image, row[image]);
      yield {
        name,
        label: label === undefined ? undefined : labelOf(name, row[label], classes),
        pixels: (channels) => decodeImage(name, () => bytes, channels ?? 'rgb'),
      };
    }
    first += count;
  }
}

/** Takes the bytes of an image file: of a column of bytes, or of a struct with a field `bytes`, as the hub has them. */
function imageBytes(name: string, column: string, value: unknown): Uint8Array {
  const bytes = value instanceof Uint8Array ? value : (value as { bytes?: unknown } | null)?.bytes;
  if (!(bytes instanceof Uint8Array))
    throw new EngineError(
      'InvalidData',
      `${name} has no image in column ${column}: it must hold the bytes of an image file, or a struct of { bytes, path }`,
    );
  if (bytes.length > most.bytes)
    throw new EngineError(
      'InvalidData',
      `${name} has an image of ${bytes.length} bytes; at most ${most.bytes} are read`,
    );
  return bytes;
}
