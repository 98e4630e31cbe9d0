import { loadSharp } from '../../../engine/data/images/load-sharp';
import { reportData } from '../../../report/html/data/report-data';
import { pictureFiles } from '../../../report/html/picture-files';
import { sourcesOf } from '../../support/report-sources';

const files = pictureFiles(reportData(sourcesOf({ candidates: 4, layers: 20 })));

it('has every picture of the report', () =>
  expect(files.map(({ name }) => name)).toEqual([
    'front-macs',
    'front-params',
    'front-bytes',
    'front-latency',
    'timeline',
    'timeline-by-worker',
    'layers',
    'training-loss',
    'training-metric',
    'training-rate',
  ]));

it.each(files)(
  '$name needs no page: its colours and its size are its own, and it can be drawn',
  async ({ svg }) => {
    expect(svg).not.toMatch(/var\(|inherit|<script|href="http/);
    const { width, channels } = await loadSharp()(Buffer.from(svg)).metadata();
    expect(width).toBe(920);
    const { entropy } = await loadSharp()(Buffer.from(svg)).stats();
    expect([channels, entropy > 0.1]).toEqual([4, true]);
  },
);
