import { arrayFile } from './array-file';
import { imageFiles, imageFolder, imageList } from './image-files';
import type { SourceKind } from './kind';

/** The kinds of sources; the first that claims a split's paths opens it. */
export const sourceKinds: readonly SourceKind[] = [arrayFile, imageList, imageFiles, imageFolder];
