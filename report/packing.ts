import { Document, visit } from 'yaml';

import type { DatasetSource } from '../engine/data/source';

/** The output of `slimflow pack --json`. */
export interface PackSummary {
  /** The files that were written. */
  readonly images: string;
  readonly labels?: string;
  readonly classes?: string;
  /** [N, C, H, W] */
  readonly shape: readonly number[];
  /** Number of rows per class; missing if there are no labels. */
  readonly perClass?: Readonly<Record<string, number>>;
  /** Files that could not be decoded, and why. */
  readonly bad: readonly { readonly path: string; readonly problem: string }[];
  /** Number of files that were ignored because they are not images, by extension. */
  readonly passedBy: Readonly<Record<string, number>>;
  /** The `data` of a spec. */
  readonly data: Readonly<Record<string, DatasetSource>>;
}

/** Formats a summary for people, with the lines to paste into a spec. `byClass`: rows are sorted by class. */
export function packReport(summary: PackSummary, byClass: boolean): string {
  const { images, labels, classes, shape, bad } = summary;
  const passedBy = Object.entries(summary.passedBy).map(([type, count]) => `${count} ${type || 'others'}`);
  return [
    `Packed ${shape[0]} images [${shape.join(', ')}] into ${images}`,
    ...(labels ? [`  labels in ${labels}, ${classesOf(summary)} in ${classes}`] : []),
    ...(passedBy.length ? [`  ignored, not images: ${passedBy.join(', ')}`] : []),
    ...(bad.length ? [`  skipped, can't be decoded: ${bad.length}`] : []),
    ...bad.map(({ path, problem }) => `    ${path}: ${problem}`),
    '',
    "# For the spec; paths are relative to the spec's folder.",
    ...(byClass ? ['# Rows are sorted by class; to split them by `range`, pack with --shuffle.'] : []),
    dataBlock(summary),
  ].join('\n');
}

/** Returns a text such as "10 classes of 95 to 100 images". */
function classesOf({ perClass = {} }: PackSummary): string {
  const counts = Object.values(perClass);
  const [least, most] = [counts.reduce((a, b) => Math.min(a, b)), counts.reduce((a, b) => Math.max(a, b))];
  return `${counts.length} classes of ${least === most ? most : `${least} to ${most}`} images`;
}

/** Formats the `data` of a spec as YAML, each list on one line. */
function dataBlock({ data }: PackSummary): string {
  const document = new Document({ data });
  visit(document, { Seq: (_key, list) => void (list.flow = true) });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false }).trimEnd();
}
