import type { ReportData } from './data/report-data';
import { type Picture, svgFile } from './page/drawing';
import { frontPicture } from './page/front-picture';
import { layersPicture } from './page/layers-picture';
import { timelinePicture } from './page/timeline-picture';
import { drawnCurves } from './page/training-picture';

/** A picture of a report as a file: its name without an ending, and its SVG. */
export interface PictureFile {
  readonly name: string;
  readonly svg: string;
}

/** Draws the pictures of a report as SVG files, in light colours. */
export function pictureFiles({ front, timeline, layers, training }: ReportData): PictureFile[] {
  const pictures: readonly (readonly [name: string, picture: Picture])[] = [
    ...(front?.axes ?? []).map((axis) => [`front-${axis.key}`, frontPicture(front!, axis, 'wide')] as const),
    ...(timeline
      ? [
          ['timeline', timelinePicture(timeline, 'model', 'wide')] as const,
          ['timeline-by-worker', timelinePicture(timeline, 'worker', 'wide')] as const,
        ]
      : []),
    ...(layers ? [['layers', layersPicture(layers, 'wide')] as const] : []),
    ...(training ? drawnCurves(training) : []).map(
      ({ name, picture }) => [`training-${name}`, picture('wide')] as const,
    ),
  ];
  return pictures.map(([name, picture]) => ({ name, svg: svgFile(picture, 'light') }));
}
