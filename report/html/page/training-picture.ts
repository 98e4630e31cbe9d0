import { visible } from '../../../engine/visible';
import type { Training, TrainingRow } from '../data/training';
import { axis, base, colour, type Picture, type Width } from './drawing';
import { metricPoints } from './figures';

/** A curve of training: the loss, or the metric. */
export interface Curve {
  readonly name: string;
  readonly of: (row: TrainingRow) => readonly (readonly [epoch: number, value: number])[];
  readonly text: (value: number) => string;
}

/** The mean loss of each epoch. */
export const lossCurve: Curve = {
  name: 'mean loss',
  of: ({ losses }) => losses.map(({ epoch, loss }) => [epoch, loss] as const),
  text: (value) => value.toPrecision(4),
};
/** The metric, where training judged the model. */
export const metricCurve: Curve = {
  name: 'metric, points',
  of: ({ evaluations }) => evaluations.map(({ epoch, value }) => [epoch, value] as const),
  text: metricPoints,
};

/** Draws a curve of every candidate over epochs; roll-backs are marked, and the selected candidate stands out. */
export function trainingPicture({ rows }: Training, curve: Curve, width: Width): Picture {
  const shown = rows.map((row) => ({ row, points: curve.of(row) })).filter(({ points }) => points.length);
  const longest = Math.max(...shown.map(({ points }) => points.length));
  return {
    label: `${curve.name} of ${shown.length} candidates over epochs; the table below has the numbers`,
    height: 300,
    tip: (series, item) => {
      const [epoch, value] = shown[series]?.points[item] ?? [];
      return value === undefined
        ? undefined
        : `${shown[series].row.candidate}, epoch ${epoch}: ${curve.text(value)}`;
    },
    option: {
      ...base(width),
      xAxis: {
        ...axis,
        type: 'value',
        name: 'epoch',
        nameLocation: 'middle',
        nameGap: 24,
        minInterval: 1,
        min: ({ min, max }: { min: number; max: number }) => (min === max ? min - 1 : min),
        max: ({ min, max }: { min: number; max: number }) => (min === max ? max + 1 : max),
      },
      yAxis: {
        ...axis,
        type: 'value',
        scale: true,
        name: curve.name,
        nameTextStyle: { color: colour.ink, align: 'left' },
      },
      series: shown.map(({ row, points }, at) => ({
        type: 'line',
        name: visible(row.candidate),
        showSymbol: true,
        symbol: 'circle',
        symbolSize: row.selected ? 7 : longest > 60 ? 3 : 5,
        z: row.selected ? 3 : 2,
        lineStyle: { width: row.selected ? 3 : 1.5, color: row.selected ? colour.accent : colour.series(at) },
        itemStyle: { color: row.selected ? colour.accent : colour.series(at) },
        data: points.map(([epoch, value]) => [epoch, value]),
        markLine: {
          silent: true,
          symbol: 'none',
          lineStyle: { color: colour.bad, type: 'dotted' },
          label: { show: false },
          data: row.rollbacks.map(({ epoch }) => ({ xAxis: epoch })),
        },
      })),
    },
  };
}
