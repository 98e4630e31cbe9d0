import { arrayFile } from './array-file';
import { cifarFiles } from './cifar';
import { idxFile } from './idx';
import { imageFiles, imageFolder, imageList } from './image-files';
import type { SourceKind } from './kind';
import { npzFile } from './npz';
import { parquetFiles } from './parquet';
import { tarShards } from './tar-shards';

/** The kinds of sources; the first that claims a split's paths opens it. */
export const sourceKinds: readonly SourceKind[] = [
  arrayFile,
  npzFile,
  idxFile,
  cifarFiles,
  parquetFiles,
  tarShards,
  imageList,
  imageFiles,
  imageFolder,
];
