import type { Transform } from '../images/transform';
import type { DatasetSource } from '../source';

/** An ES module of the user's that yields samples: a function of `{ folder }` that returns them, or an iterable. */
export interface SampleModule {
  readonly module: string;
  /** Name of its export; the default export if left out. */
  readonly export?: string;
  /**
   * Number that the user raises when samples change. If set, they are only read again when it, or the module, changes;
   * otherwise with every command, since nobody else knows what a module reads.
   */
  readonly version?: number;
}

/** A sample that a user's module yields. */
export interface UserSample {
  /** The bytes of an image file; or 8-bit pixels, `shape` being [H, W, C], [C, H, W] or [H, W]. */
  readonly image:
    Uint8Array | { readonly data: Uint8Array | Uint8ClampedArray; readonly shape: readonly number[] };
  /** A number, a list of numbers, or the name of a class. */
  readonly label?: number | readonly number[] | string;
}

/** Names the images of a split for messages. */
export const imagesWords = (images: UserData['images']): string =>
  typeof images === 'object' && 'module' in images ? images.module : String(images);

/** Data of a split as people have them; `packData` makes the arrays of them that the engine reads. */
export interface UserData extends Omit<DatasetSource, 'images'> {
  /**
   * An array (`.npy`), a folder of images, a CSV list of them, image files, … : docs/your-data.md has all kinds. Several
   * files are a list, or a pattern (`shards/train-*.tar`, `train-{0000..0003}.tar`). A module yields samples by itself.
   */
  readonly images: string | readonly string[] | SampleModule;
  /** Labels in a file of their own: `.npy` with a row per image; a CSV file of file,label for a folder of images. */
  readonly labels?: string;
  /** Columns of a table (Parquet), or extensions of the members of an archive (tar), with the images and the labels. */
  readonly columns?: { readonly image?: string; readonly label?: string };
  /** Names of the arrays of an `.npz` file. */
  readonly arrays?: { readonly images?: string; readonly labels?: string };
  /** Order of the classes: a list, a file with one per line, or a folder whose sub-folders are the classes. */
  readonly classes?: string | readonly string[];
  /** Turns images into the model's input. */
  readonly transform?: Transform;
}

/** True if labels may come with the images, so that only reading them tells. */
export const mayHaveLabels = ({ images, labels }: Pick<UserData, 'images' | 'labels'>): boolean =>
  labels !== undefined || typeof images !== 'string' || !/\.npy$/i.test(images);
