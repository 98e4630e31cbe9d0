import type { RunSources } from '../../../client/run-sources';
import { type CostName, costNames, metricWords } from '../../../engine/names';

/** A cost that the front is drawn over. */
export interface FrontAxis {
  readonly key: CostName | 'bytes';
  /** For people: `MACs`. */
  readonly name: string;
  readonly unit: 'count' | 'bytes' | 'ms';
  /** The cost asked for, if the target refers to this axis. */
  readonly target?: number;
}

/** A model on the front: its costs by axis, and its metric. */
export interface FrontPoint {
  readonly id: string;
  readonly costs: Readonly<Partial<Record<FrontAxis['key'], number>>>;
  /** As compressed; left out for the original. */
  readonly before?: number;
  readonly after: number;
  readonly drop: number;
  readonly role: 'original' | 'selected' | 'picked' | 'other';
}

/** The metric over the cost, of the original and all candidates. */
export interface Front {
  readonly metric: string;
  /** That of the target first. */
  readonly axes: readonly FrontAxis[];
  /** Lowest metric within the tolerance, and the original's. */
  readonly band: readonly [least: number, most: number];
  /** The original first. */
  readonly points: readonly FrontPoint[];
}

/** Collects the front of a run; undefined if there are no candidates. */
export function frontOf({ result, record }: RunSources): Front | undefined {
  const { original, candidates, picks, selected, cost, target, tolerance } = result;
  if (!candidates.length || !original) return undefined;
  const bytes = record?.input.model.bytes;
  const costs: readonly (FrontAxis & { readonly original?: number })[] = [
    { key: 'macs', name: costNames.macs, unit: 'count', original: original.macs },
    { key: 'params', name: costNames.params, unit: 'count', original: original.params },
    ...(bytes === undefined
      ? []
      : [{ key: 'bytes' as const, name: 'file size', unit: 'bytes' as const, original: bytes }]),
    { key: 'latency', name: costNames.latency, unit: 'ms', original: original.latencyMs },
  ];
  return {
    metric: record ? metricWords(record.input.settings.metric) : 'metric',
    axes: costs
      .filter(({ key, original: whole }) => key !== 'latency' || whole !== undefined)
      .map(({ original: whole = NaN, ...axis }) => ({
        ...axis,
        ...(axis.key === cost && { target: target * whole }),
      }))
      .toSorted((one, other) => Number(other.key === cost) - Number(one.key === cost)),
    band: [original.metric - tolerance, original.metric],
    points: [
      {
        id: 'original',
        costs: Object.fromEntries(costs.map(({ key, original: whole }) => [key, whole])),
        after: original.metric,
        drop: 0,
        role: 'original',
      },
      ...candidates.map(({ id, macs, params, latencyMs, model, metricBefore, metricAfter }): FrontPoint => ({
        id,
        costs: { macs, params, bytes: model.bytes, latency: latencyMs },
        before: metricBefore,
        after: metricAfter,
        drop: Number((original.metric - metricAfter).toFixed(6)),
        role: id === selected ? 'selected' : picks.includes(id) ? 'picked' : 'other',
      })),
    ],
  };
}
