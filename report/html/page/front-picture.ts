import type { Front, FrontAxis, FrontPoint } from '../data/front';
import { axis, base, colour, labelOf, type Picture, type Width } from './drawing';
import { metricPoints, short } from './figures';

/** Formats a cost of an axis. */
export const costText = (unit: FrontAxis['unit'], value: number): string =>
  unit === 'ms' ? `${Number(value.toPrecision(3))} ms` : short(value, unit === 'bytes' ? 'B' : '');

/** The axis of a cost: its ends have no labels, since they are no round numbers. */
export const costAxis = (
  { name, unit }: Pick<FrontAxis, 'name' | 'unit'>,
  [min, max]: readonly [number, number],
  width: Width,
) => ({
  ...axis,
  type: 'value' as const,
  name,
  nameLocation: 'middle' as const,
  nameGap: 28,
  min,
  max,
  splitNumber: width === 'wide' ? 6 : 3,
  axisLabel: {
    ...axis.axisLabel,
    showMinLabel: false,
    showMaxLabel: false,
    formatter: (value: number) => costText(unit, value),
  },
});

/** The axis of a metric, in points. */
export const metricAxis = (metric: string, [min, max]: readonly [number, number]) => ({
  ...axis,
  type: 'value' as const,
  name: `${metric}, points`,
  nameTextStyle: { color: colour.ink, align: 'left' as const },
  min,
  max,
  axisLabel: {
    ...axis.axisLabel,
    showMinLabel: false,
    showMaxLabel: false,
    formatter: (value: number) => String(Number(value.toFixed(2))),
  },
});

const colours: Record<FrontPoint['role'], string> = {
  original: colour.ink,
  selected: colour.accent,
  picked: colour.picked,
  other: colour.other,
};
const symbols: Record<FrontPoint['role'], string> = {
  original: 'rect',
  selected: 'diamond',
  picked: 'triangle',
  other: 'circle',
};

/**
 * The lowest metric that the picture shows: that of the worst model as compressed, unless those that lost most would press
 * the rest together.
 */
export function floorOf({ points, band }: Front): number {
  const afters = points.map(({ after }) => after);
  const least = Math.min(...afters, band[0]);
  const most = Math.max(...afters);
  const lowest = Math.min(least, ...points.map(({ before = most }) => before));
  const shown = Math.max(most - least, 0.5);
  return most - lowest > 4 * shown ? least - 0.6 * shown : lowest;
}

/** Draws the metric over a cost: each candidate as compressed, an arrow to where fine-tuning took it, and the target. */
export function frontPicture(front: Front, { key, name, unit, target }: FrontAxis, width: Width): Picture {
  const { metric, band } = front;
  const points = front.points.filter(({ costs }) => costs[key] !== undefined);
  const floor = floorOf(front);
  const most = Math.max(...points.flatMap(({ after, before = after }) => [after, before]));
  const margin = 0.1 * Math.max(most - floor, 0.5);
  const at = (point: FrontPoint) => point.costs[key]!;
  const trained = points.filter(({ before, after }) => before !== undefined && before !== after);
  const starts = trained.filter(({ before }) => before! >= floor);
  const reached = [...points.map(at), ...(target === undefined ? [] : [target])];
  const [cheapest, dearest] = [Math.min(...reached), Math.max(...reached)];
  const room = 0.12 * (dearest - cheapest || dearest);
  const tipOf = ({ id, before, after, ...point }: FrontPoint) =>
    `${id}: ${costText(unit, at({ id, after, ...point }))}, ${before === undefined ? '' : `${metricPoints(before)} → `}${metricPoints(after)}`;
  const shown = [[], trained, starts, points];
  return {
    label: `${metric} over ${name}: ${points.length - 1} candidates and the original; the table below has the numbers`,
    height: width === 'wide' ? 420 : 360,
    tip: (series, item) => {
      const point = shown[series]?.[item];
      return point && tipOf(point);
    },
    option: {
      ...base(width),
      // A line for the name of the axis, and one for that of the target.
      grid: { left: 12, right: width === 'wide' ? 24 : 14, top: 48, bottom: 36, containLabel: true },
      xAxis: costAxis({ name, unit }, [Math.max(0, cheapest - room), dearest + room], width),
      yAxis: { ...metricAxis(metric, [floor - margin, most + margin]), nameGap: 28 },
      series: [
        {
          type: 'line',
          data: [],
          silent: true,
          markArea: {
            silent: true,
            itemStyle: { color: colour.band },
            data: [[{ yAxis: band[0] }, { yAxis: band[1] }]],
          },
          markLine: {
            silent: true,
            symbol: 'none',
            lineStyle: { color: colour.soft, type: 'dashed' },
            label: { color: colour.ink, formatter: 'target', position: 'end' },
            data: target === undefined ? [] : [{ xAxis: target }],
          },
        },
        {
          type: 'lines',
          coordinateSystem: 'cartesian2d',
          symbol: ['none', 'arrow'],
          symbolSize: 7,
          lineStyle: { color: colour.soft, width: 1.3, opacity: 1 },
          data: trained.map((point) => ({
            coords: [
              [at(point), Math.max(point.before!, floor - margin)],
              [at(point), point.after],
            ],
          })),
        },
        {
          type: 'scatter',
          symbolSize: 7,
          data: starts.map((point) => ({
            value: [at(point), point.before!],
            itemStyle: {
              color: colour.paper,
              borderColor: colours[point.role],
              borderWidth: 1.5,
              opacity: 1,
            },
          })),
        },
        {
          type: 'scatter',
          data: points.map((point) => ({
            value: [at(point), point.after],
            symbol: symbols[point.role],
            symbolSize: point.role === 'selected' ? 16 : 10,
            itemStyle: { color: colours[point.role], opacity: 1 },
            label: {
              show: point.role === 'selected' || point.role === 'original',
              position: at(point) > (cheapest + dearest) / 2 ? ['-100%', -18] : [0, -18],
              color: colour.ink,
              fontWeight: point.role === 'selected' ? 'bold' : 'normal',
              formatter: () => labelOf(point.id, width === 'wide' ? 240 : 130),
            },
          })),
        },
      ],
    },
  };
}
