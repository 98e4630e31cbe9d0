import type { Transform } from '../images/transform';
import type { DatasetSource } from '../source';

/** Data of a split as people have them; `packData` makes the arrays of them that the engine reads. */
export interface UserData extends Omit<DatasetSource, 'images'> {
  /**
   * An array (`.npy`), a folder of images, a CSV list of them, image files, … : docs/your-data.md has all kinds. Several
   * files are a list, or a pattern (`shards/train-*.tar`, `train-{0000..0003}.tar`).
   */
  readonly images: string | readonly string[];
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
