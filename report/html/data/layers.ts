import type { RunSources } from '../../../client/run-sources';
import type { LayerSummary, LayerScore } from '../../../engine/jobs/types';
import { techniqueTraits } from '../../../engine/names';

/** A layer of the original, and what became of it in the selected model. */
export interface LayerRow {
  readonly name: string;
  readonly kind: string;
  readonly macs: number;
  /** Share of the model's MACs, 0 … 1. */
  readonly share: number;
  readonly params: number;
  /** In the selected model, and its share there; left out if nothing was selected. */
  readonly macsAfter?: number;
  readonly shareAfter?: number;
  readonly paramsAfter?: number;
  /** `rank 12`, `16 → 9 channels`, `unchanged`; left out with the figures. */
  readonly change?: string;
  /** Channels between the layers that it was split into. */
  readonly rank?: number;
  /** Channels that go in and come out, before and after; left out if the model leaves them open. */
  readonly inputChannels?: number;
  readonly inputChannelsAfter?: number;
  readonly outputChannels?: number;
  readonly outputChannelsAfter?: number;
}

/** Layers before and after. */
export interface Layers {
  readonly rows: readonly LayerRow[];
  /** True if there are figures of a selected model. */
  readonly compared: boolean;
}

/** Eval scores of a model's layers by one technique. */
export interface HeatMap {
  readonly title: string;
  readonly ratios: readonly number[];
  /** For each layer the scores, in the order of `ratios`; undefined for a ratio that was not tried. */
  readonly rows: readonly { readonly layer: string; readonly scores: readonly (LayerScore | undefined)[] }[];
  readonly least: number;
  readonly most: number;
  readonly units: 'rank' | 'channels';
}

/** Names that a decomposed layer's halves get after its own, in the order in which they run. */
const halves = ['.vertical', '.horizontal', '.reduce', '.expand'];

/** Compares the layers of the original and the selected model; undefined if the models are not there any more. */
export function layersOf({ before, after }: Pick<RunSources, 'before' | 'after'>): Layers | undefined {
  if (!before?.length) return undefined;
  const total = (layers: readonly LayerSummary[]) => layers.reduce((sum, { macs }) => sum + macs, 0) || 1;
  const [whole, wholeAfter] = [total(before), total(after ?? [])];
  const became = successors(before, after ?? []);
  return {
    compared: after !== undefined,
    rows: before.map(({ name, kind, macs, params, output, input }) => {
      const now = became.get(name) ?? [];
      const macsAfter = now.reduce((sum, layer) => sum + layer.macs, 0);
      return {
        name,
        kind,
        macs,
        params,
        share: macs / whole,
        ...(after && {
          macsAfter,
          shareAfter: macsAfter / wholeAfter,
          paramsAfter: now.reduce((sum, layer) => sum + layer.params, 0),
          change: changeOf({ input, output }, now),
          ...channelsOf({ input, output }, now),
        }),
      };
    }),
  };
}

/** Returns the layers that were made from each layer of the original, by its name, in the order in which they run. */
export function successors(
  before: readonly Pick<LayerSummary, 'name'>[],
  after: readonly LayerSummary[],
): ReadonlyMap<string, readonly LayerSummary[]> {
  const names = new Set(before.map(({ name }) => name));
  const became = new Map<string, LayerSummary[]>();
  for (const layer of after) {
    const name = originOf(layer.name, names);
    became.set(name, [...(became.get(name) ?? []), layer]);
  }
  return became;
}

/** Returns the layer of the original that a layer was made from: a half of a half has two endings. */
export function originOf(name: string, originals: ReadonlySet<string>): string {
  for (let at = name; ;) {
    const half = originals.has(at) ? undefined : halves.find((end) => at.endsWith(end));
    if (half === undefined) return at;
    at = at.slice(0, -half.length);
  }
}

type Shapes = Pick<LayerSummary, 'input' | 'output'>;

/** Returns the channels of a layer before and after, and its rank. */
function channelsOf(was: Shapes, now: readonly LayerSummary[]): Partial<LayerRow> {
  const known = {
    rank: now.length > 1 ? now[0].output[0] : undefined,
    inputChannels: was.input[0],
    inputChannelsAfter: now[0]?.input[0],
    outputChannels: was.output[0],
    outputChannelsAfter: now.at(-1)?.output[0],
  };
  return Object.fromEntries(Object.entries(known).filter(([, count]) => typeof count === 'number'));
}

/** Describes what became of a layer, from the channels that go in, come out, and pass between its halves. */
function changeOf(was: Shapes, now: readonly LayerSummary[]): string {
  if (!now.length) return 'removed';
  const [first, last] = [now[0], now.at(-1)!];
  const changes = [
    ...(now.length > 1 ? [`rank ${first.output[0]}`] : []),
    ...(first.input[0] === was.input[0] ? [] : [`${was.input[0]} → ${first.input[0]} input channels`]),
    ...(last.output[0] === was.output[0] ? [] : [`${was.output[0]} → ${last.output[0]} output channels`]),
  ];
  return changes.join(', ') || 'unchanged';
}

/** Arranges the eval scores of each model as layers x ratios. */
export function heatMapsOf({ scores }: RunSources): HeatMap[] {
  return scores.flatMap(({ of, layers }) => {
    const all = layers.flatMap((layer) => layer.scores);
    if (!all.length) return [];
    const ratios = [...new Set(all.map(({ ratio }) => ratio))].toSorted((one, other) => one - other);
    const values = all.map(({ score }) => score);
    const { words, units } = techniqueTraits[layers[0].technique];
    return [
      {
        title: `${of}, ${words}`,
        ratios,
        rows: layers.map(({ layer, scores: own }) => ({
          layer,
          scores: ratios.map((ratio) => own.find((score) => score.ratio === ratio)),
        })),
        least: values.reduce((least, value) => Math.min(least, value), Infinity),
        most: values.reduce((most, value) => Math.max(most, value), -Infinity),
        units,
      },
    ];
  });
}
