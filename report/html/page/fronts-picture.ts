import type { Comparison, ComparedRun } from '../data/comparison';
import type { FrontAxis, FrontPoint } from '../data/front';
import { base, colour, labelOf, type Picture, type Width } from './drawing';
import { metricPoints } from './figures';
import { costAxis, costText, metricAxis } from './front-picture';

/** The costs that every run knows, the first run's target first. */
export function sharedAxes({ runs }: Comparison): readonly FrontAxis[] {
  const fronts = runs.flatMap(({ front }) => front ?? []);
  const [first] = fronts;
  return (first?.axes ?? []).filter(({ key }) =>
    fronts.every(({ axes }) => axes.some((one) => one.key === key)),
  );
}

const symbols = ['circle', 'triangle', 'roundRect', 'pin', 'arrow', 'emptyCircle'] as const;

/** Keeps the points that no other beats in both cost and metric, the cheapest first. */
export function paretoOf(points: readonly FrontPoint[], key: FrontAxis['key']): readonly FrontPoint[] {
  const cheap = points
    .filter(({ costs }) => costs[key] !== undefined)
    .toSorted((one, other) => one.costs[key]! - other.costs[key]! || other.after - one.after);
  let best = -Infinity;
  return cheap.filter(({ after }) => after > best && ((best = after), true));
}

/** Draws the fronts of several runs over a cost: a line through the best of each, its candidates, and its winner. */
export function frontsPicture(comparison: Comparison, { key, name, unit }: FrontAxis, width: Width): Picture {
  const shown = comparison.runs.flatMap((run, at) => (run.front ? [{ run, at, front: run.front }] : []));
  const at = (point: FrontPoint) => point.costs[key]!;
  const pointsOf = (run: ComparedRun) => run.front!.points.filter(({ costs }) => costs[key] !== undefined);
  const all = shown.flatMap(({ run }) => pointsOf(run));
  const [cheapest, dearest] = [Math.min(...all.map(at)), Math.max(...all.map(at))];
  const [least, most] = [
    Math.min(...all.map(({ after }) => after)),
    Math.max(...all.map(({ after }) => after)),
  ];
  const margin = 0.1 * Math.max(most - least, 0.5);
  const room = 0.12 * (dearest - cheapest || dearest);
  const metrics = [...new Set(shown.map(({ front }) => front.metric))];
  const legend = 26 * Math.ceil(shown.length / (width === 'wide' ? 3 : 1));
  const tips = shown.flatMap(({ run }) =>
    [paretoOf(run.front!.points, key), pointsOf(run)].map((points) => ({ run, points })),
  );
  return {
    label: `${metrics.join(', ')} over ${name}: the fronts of ${shown.length} runs; the table below has the numbers`,
    height: (width === 'wide' ? 400 : 340) + legend,
    tip: (series, item) => {
      const { run, points } = tips[series] ?? {};
      const point = points?.[item];
      return point && `${run?.name} ${point.id}: ${costText(unit, at(point))}, ${metricPoints(point.after)}`;
    },
    option: {
      ...base(width),
      grid: { left: 12, right: 24, top: 34 + legend, bottom: 36, containLabel: true },
      legend: {
        top: 0,
        left: 0,
        itemGap: 28,
        textStyle: { color: colour.ink },
        selectedMode: false,
      },
      xAxis: costAxis({ name, unit }, [Math.max(0, cheapest - room), dearest + room], width),
      yAxis: metricAxis(metrics.join(', '), [least - margin, most + margin]),
      series: shown.flatMap(({ run, at: place }) => [
        {
          type: 'line' as const,
          name: labelOf(run.name, 250),
          symbol: symbols[place % symbols.length],
          symbolSize: 5,
          lineStyle: { color: colour.series(place), width: 1.5 },
          itemStyle: { color: colour.series(place) },
          data: paretoOf(run.front!.points, key).map((point) => [at(point), point.after]),
        },
        {
          type: 'scatter' as const,
          data: pointsOf(run).map((point) => ({
            value: [at(point), point.after],
            symbol:
              point.role === 'selected'
                ? 'diamond'
                : point.role === 'original'
                  ? 'rect'
                  : symbols[place % symbols.length],
            symbolSize: point.role === 'selected' ? 17 : 9,
            itemStyle: {
              color: colour.series(place),
              opacity: point.role === 'other' || point.role === 'picked' ? 0.75 : 1,
              borderColor: colour.paper,
              borderWidth: 1,
            },
          })),
        },
      ]),
    },
  };
}
