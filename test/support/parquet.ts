import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import type { DatasetSource } from '../../engine/data/source';
import type { UserData } from '../../engine/data/sources/user-data';
import { root } from './paths';

/** A Parquet file of image files and labels. */
export interface ParquetFile {
  readonly path: string;
  readonly images: readonly string[];
  readonly labels: readonly (number | string)[];
  /** The hub's { bytes, path }, rather than plain bytes. */
  readonly struct?: boolean;
  readonly gzip?: boolean;
  /** Rows per row group. */
  readonly group?: number;
  /** Names of classes in the hub's metadata. */
  readonly names?: readonly string[];
  /** Name of the column of labels. */
  readonly label?: string;
}

/** Files to write, and splits to pack then. */
export interface ParquetWork {
  readonly files: readonly ParquetFile[];
  readonly pack: readonly Readonly<Record<string, UserData>>[];
}

/** The arrays of the splits, or why they can't be packed. */
export type Outcome = Readonly<Record<string, DatasetSource>> & { readonly error?: string };

/** Writes Parquet files and packs splits in a process of Node's own. */
export const inParquetProcess = (work: ParquetWork): Outcome[] =>
  JSON.parse(
    execFileSync(process.execPath, [join(root, 'dist', 'test', 'support', 'parquet-process.js')], {
      input: JSON.stringify(work),
      encoding: 'utf8',
      // Jest's own copy, with the cache of the test.
      env: process.env,
    }),
  ) as Outcome[];
