import type { Training, TrainingRow } from '../data/training';
import { axis, base, colour, labelOf, type Picture, type Width } from './drawing';
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
const metricCurve: Curve = {
  name: 'metric, points',
  of: ({ evaluations }) => evaluations.map(({ epoch, value }) => [epoch, value] as const),
  text: metricPoints,
};

/** The learning rate. */
const rateCurve: Curve = {
  name: 'learning rate',
  of: ({ rates }) => rates.map(({ epoch, rate }) => [epoch, rate] as const),
  text: (value) => String(Number(value.toPrecision(3))),
};

/** Candidates that get a colour of their own and a place in the legend; of more, only the selected one stands out. */
const legible = 6;

/** Tells if a curve has something to draw: a single epoch is a number, which the table has. */
const isDrawn = ({ rows }: Training, curve: Curve): boolean => rows.some((row) => curve.of(row).length > 1);

/** Keeps one row of those whose curve is the same, named after all of them. */
function merged({ rows }: Training, curve: Curve): Training {
  const alike = new Map<string, TrainingRow[]>();
  for (const row of rows) {
    const key = JSON.stringify(curve.of(row));
    alike.set(key, [...(alike.get(key) ?? []), row]);
  }
  return {
    rows: [...alike.values()].map((same) => ({
      ...(same.find(({ selected }) => selected) ?? same[0]),
      ...(same.length > 1 && {
        candidate:
          same.length === rows.length ? 'all candidates' : `${same[0].candidate} and ${same.length - 1} more`,
      }),
    })),
  };
}

/** Draws a curve of every candidate over epochs; roll-backs are marked, and the selected candidate stands out. */
function trainingPicture({ rows }: Training, curve: Curve, width: Width): Picture {
  const shown = rows.map((row) => ({ row, points: curve.of(row) })).filter(({ points }) => points.length);
  const few = shown.length <= legible;
  const legend = few ? 24 * Math.ceil(shown.length / (width === 'wide' ? 4 : 2)) : 0;
  const longest = Math.max(...shown.map(({ points }) => points.length));
  const lineColour = ({ selected }: TrainingRow, at: number) =>
    few ? colour.series(at) : selected ? colour.accent : colour.other;
  return {
    label: `${curve.name} of ${shown.length} candidates over epochs; the table below has the numbers`,
    height: 280 + legend,
    tip: (series, item) => {
      const [epoch, value] = shown[series]?.points[item] ?? [];
      return value === undefined
        ? undefined
        : `${shown[series].row.candidate}, epoch ${epoch}: ${curve.text(value)}`;
    },
    option: {
      ...base(width),
      grid: {
        left: 12,
        right: 24,
        top: 34 + legend,
        bottom: 36,
        containLabel: true,
      },
      legend: {
        show: few,
        top: 0,
        left: 0,
        // More than the library reckons: the reader's font may be wider.
        itemGap: 28,
        textStyle: { color: colour.ink },
        selectedMode: false,
      },
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
        axisLabel: { ...axis.axisLabel, formatter: (value: number) => String(Number(value.toPrecision(4))) },
        nameTextStyle: { color: colour.ink, align: 'left' },
      },
      series: shown.map(({ row, points }, at) => ({
        type: 'line',
        name: few ? labelOf(row.candidate, 200) : undefined,
        showSymbol: true,
        symbol: 'circle',
        symbolSize: points.length > 30 ? 2 : row.selected ? 7 : few && longest <= 60 ? 5 : 2,
        z: row.selected ? 3 : 2,
        lineStyle: { width: row.selected ? 3 : few ? 1.5 : 0.8, color: lineColour(row, at) },
        itemStyle: { color: lineColour(row, at) },
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

/** Curves of training that have something to draw, by name. */
export const drawnCurves = (
  training: Training,
): readonly { readonly name: string; readonly picture: (width: Width) => Picture }[] =>
  Object.entries({ loss: lossCurve, metric: metricCurve, rate: rateCurve })
    .filter(([, curve]) => isDrawn(training, curve))
    .map(([name, curve]) => ({
      name,
      picture: (width) =>
        // Most candidates share a schedule, and their curves would hide each other.
        trainingPicture(curve === rateCurve ? merged(training, curve) : training, curve, width),
    }));
