import { type Bar, kinds, type Timeline } from '../data/timeline';
import { axis, base, colour, type Picture, labelOf, slack, type Width } from './drawing';
import { duration } from './figures';

/** Intervals between ticks in seconds. */
const intervals = [
  0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21_600, 43_200, 86_400,
];
const intervalFor = (seconds: number, ticks: number): number =>
  intervals.find((interval) => seconds / interval <= ticks) ?? Math.ceil(seconds / ticks / 86_400) * 86_400;

/** Height of a row in CSS pixels. */
const rowHeight = 22;

/** Subjects of a timeline, one per row. */
export type TimelineRows = 'model' | 'worker';

/** Draws what was done when, by model or by worker, coloured by kind of work. */
export function timelinePicture(timeline: Timeline, by: TimelineRows, width: Width): Picture {
  const { seconds } = timeline;
  const { rows, bars } = by === 'model' ? byModel(timeline) : timeline.byWorker;
  // A series per kind, so that each has its place in the legend.
  const shown = kinds.map((kind) => bars.filter((bar) => bar.kind === kind));
  const used = kinds.filter((_, at) => shown[at].length);
  const legend = width === 'wide' ? 30 : 54;
  const names = rows.map((id) => labelOf(id, width === 'wide' ? 230 : 110));
  return {
    label: `Timeline by ${by} of ${rows.length} rows over ${duration(seconds)}; the table below has the numbers`,
    height: legend + 40 + rows.length * rowHeight,
    tip: (series, item) => {
      const bar = shown[kinds.indexOf(used[series])]?.[item];
      if (!bar) return undefined;
      const more = bar.attempts > 1 ? `, attempt ${bar.attempts}` : '';
      return `${bar.summary ?? `${bar.kind} of ${bar.of}`}: ${duration(bar.to - bar.from)}${more}`;
    },
    option: {
      ...base(width),
      grid: { left: slack(names), right: 22, top: legend, bottom: 28, containLabel: true },
      legend: {
        top: 0,
        left: 0,
        itemWidth: 14,
        itemGap: 12,
        textStyle: { color: colour.ink },
        selectedMode: false,
      },
      xAxis: {
        ...axis,
        type: 'value',
        min: 0,
        max: seconds,
        interval: intervalFor(seconds, width === 'wide' ? 8 : 3),
        axisLabel: { ...axis.axisLabel, showMaxLabel: false, formatter: duration },
      },
      yAxis: {
        ...axis,
        type: 'category',
        inverse: true,
        data: names,
        splitLine: { show: true, lineStyle: { color: colour.line } },
        axisLabel: {
          color: colour.ink,
          interval: 0,
        },
      },
      series: used.map((kind) => ({
        type: 'custom',
        name: kind,
        itemStyle: { color: colour.series(kinds.indexOf(kind)) },
        encode: { x: [0, 1], y: 2 },
        renderItem: (_, api) => {
          const [from, y] = api.coord([api.value(0), api.value(2)]);
          const [to] = api.coord([api.value(1), api.value(2)]);
          const height = rowHeight * 0.55;
          return {
            type: 'rect',
            shape: { x: from, y: y - height / 2, width: Math.max(to - from, 1.5), height },
            style: { fill: colour.series(kinds.indexOf(kind)) },
          };
        },
        data: shown[kinds.indexOf(kind)].map(({ from, to, row }) => [from, to, row]),
      })),
    },
  };
}

function byModel({ rows, bars }: Timeline): { rows: readonly string[]; bars: (Bar & { row: number })[] } {
  const places = new Map(rows.map((id, at) => [id, at]));
  return { rows, bars: bars.map((bar) => ({ ...bar, row: places.get(bar.of) ?? 0 })) };
}
