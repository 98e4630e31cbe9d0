import type { PackedFiles, RawSample } from '../images/write-samples';
import type { SampleModule, UserData } from './user-data';

/** A split's images, found but not opened yet. */
export interface FoundData extends Omit<UserData, 'images'> {
  /** Files or folders: what the paths and patterns of `images` name. At least one. */
  readonly paths: readonly string[];
  /** Export and version of a module. */
  readonly code?: Omit<SampleModule, 'module'>;
  /** Names of the classes in their order, if given. */
  readonly classes?: readonly string[];
}

/** What is known of an opened source. */
interface Opened {
  /** All files that it is made of: if one of them has another size or time, the source is another. */
  readonly files: readonly string[];
  /** Number of samples, if known. */
  readonly total?: number;
  /** Names of the classes by number, if labels are names. */
  readonly classes?: readonly string[];
}

/** A source of samples, ready to be read. */
export interface OpenedSamples extends Opened {
  /** True if only reading the samples tells whether they are others than before. */
  readonly isVolatile?: boolean;
  /** Yields the samples in order. */
  samples(): Iterable<RawSample> | AsyncIterable<RawSample>;
}

/** A source of whole arrays, which are copied. */
export interface OpenedArrays extends Opened {
  /** NHWC if the images have their channels last and the engine transposes them. */
  readonly layout?: 'NHWC';
  /** Writes the arrays as `.npy`; returns whether there are labels. */
  copy(to: Required<PackedFiles>, signal?: AbortSignal): Promise<{ readonly labelled: boolean }>;
}

export type OpenedData = OpenedSamples | OpenedArrays;

/** Settings of a split that only some kinds of sources have a use for. */
export type KindSetting = 'labels' | 'classes' | 'columns' | 'arrays' | 'layout';

/** A kind of source. */
export interface SourceKind {
  /** Its name in messages, as in "a folder of images". */
  readonly name: string;
  /** Settings that it reads; labels as `.npy` go with every kind. */
  readonly reads: readonly KindSetting[];
  /** Tells if paths are of this kind, by their names, or by what the first of them is. */
  claims(paths: readonly string[]): boolean;
  /**
   * Reads what is needed to know the samples' number and order.
   * @throws EngineError `InvalidData` that names the file and the fix
   */
  open(data: FoundData): OpenedData | Promise<OpenedData>;
}
