import type { LayerRow, Layers } from '../data/layers';
import { axis, base, colour, type Picture, labelOf, slack, type Width } from './drawing';
import { count, percent, short } from './figures';

/** Layers that a picture shows at most: those with the most MACs. */
export const drawnLayers = 40;

/** The layers that the picture shows, in the model's order. */
export function largest(rows: readonly LayerRow[]): readonly LayerRow[] {
  if (rows.length <= drawnLayers) return rows;
  const least = rows.map(({ macs }) => macs).toSorted((one, other) => other - one)[drawnLayers - 1];
  return rows.filter(({ macs }) => macs >= least).slice(0, drawnLayers);
}

/** Draws the MACs of each layer before and after. */
export function layersPicture({ rows, compared }: Layers, width: Width): Picture {
  const shown = largest(rows);
  const names = shown.map(({ name }) => labelOf(name, width === 'wide' ? 260 : 120));
  const tip = (series: number, item: number) => {
    const { name, macs, share, macsAfter = 0, shareAfter, change } = shown[item];
    return series === 0
      ? `${name}: ${count(macs)} MACs, ${percent(share)} of the original`
      : `${name}: ${count(macsAfter)} MACs, ${percent(shareAfter)} of the selected model; ${change}`;
  };
  const bars = (name: string, fill: string, values: readonly number[]) => ({
    type: 'bar' as const,
    name,
    barGap: '0%',
    barCategoryGap: '30%',
    itemStyle: { color: fill },
    data: [...values],
  });
  return {
    label: `MACs of ${shown.length} layers, before${compared ? ' and after' : ''}; the table below has the numbers`,
    height: 64 + shown.length * (compared ? 24 : 18),
    tip,
    option: {
      ...base(width),
      grid: { left: slack(names), right: 22, top: 30, bottom: 28, containLabel: true },
      legend: {
        top: 0,
        left: 0,
        itemWidth: 14,
        itemGap: 14,
        textStyle: { color: colour.ink },
        selectedMode: false,
      },
      xAxis: {
        ...axis,
        type: 'value',
        splitNumber: width === 'wide' ? 6 : 3,
        axisLabel: { ...axis.axisLabel, formatter: (value: number) => short(value) },
      },
      yAxis: {
        ...axis,
        type: 'category',
        inverse: true,
        data: names,
        splitLine: { show: false },
        axisLabel: {
          color: colour.ink,
          interval: 0,
        },
      },
      series: [
        bars(
          'MACs before',
          colour.other,
          shown.map(({ macs }) => macs),
        ),
        ...(compared
          ? [
              bars(
                'MACs after',
                colour.accent,
                shown.map(({ macsAfter = 0 }) => macsAfter),
              ),
            ]
          : []),
      ],
    },
  };
}
