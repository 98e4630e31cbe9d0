import type { RunSources } from '../../../client/run-sources';
import { speedText } from '../../../contract/speed';
import type { Predictions } from '../../../engine/jobs/types';
import { type Front, frontOf } from './front';
import { type PredictionChanges, predictionChangesOf } from './predictions';

/** A run among others. */
export interface ComparedRun {
  readonly workflowId: string;
  /** Short, and unique among the runs. */
  readonly name: string;
  readonly model: string;
  readonly outcome: string;
  readonly target: number;
  readonly tolerance: number;
  readonly metric: string;
  readonly original?: number;
  /** Of the selected model; left out, as the next, if none was selected. */
  readonly selected?: string;
  readonly ratio?: number;
  readonly value?: number;
  readonly test?: number;
  readonly drop?: number;
  readonly latencyMs?: number;
  /** `1.6x faster (±0.1)`. */
  readonly speed?: string;
  readonly macs?: number;
  readonly params?: number;
  readonly seconds: number;
  /** Left out if there are no candidates. */
  readonly front?: Front;
}

/** A setting that is not the same in all runs: its values in their order, as JSON; undefined for one without it. */
export interface DifferingSetting {
  readonly name: string;
  readonly values: readonly (string | undefined)[];
}

/** Winners of two runs, by their places, and what they predict for the samples that both were asked about. */
export interface ComparedWinners {
  readonly one: number;
  readonly other: number;
  readonly changes: PredictionChanges;
}

/** Several runs beside each other. */
export interface Comparison {
  readonly runs: readonly ComparedRun[];
  readonly settings: readonly DifferingSetting[];
  /** Pairs of runs on the same evaluation data. */
  readonly winners: readonly ComparedWinners[];
  /** Sentences about what could not be read or compared, and why. */
  readonly missing: readonly string[];
}

/** Compares runs: their fronts, the settings that differ, and the predictions of their winners. */
export function comparisonOf(all: readonly RunSources[]): Comparison {
  const names = namesOf(all.map(({ result }) => result.workflowId));
  return {
    runs: all.map((sources, at) => comparedRun(sources, names[at])),
    settings: differing(all),
    winners: all.flatMap((one, at) =>
      all.slice(at + 1).flatMap((other, further): ComparedWinners[] => {
        const predictions = winnersOf(one, other);
        const changes = predictions && predictionChangesOf({ predictions });
        return changes ? [{ one: at, other: at + 1 + further, changes }] : [];
      }),
    ),
    missing: all.flatMap(({ missing }, at) => missing.map((sentence) => `${names[at]}: ${sentence}`)),
  };
}

/** Shortens the ids of runs to what tells them apart: the name, and the beginning of the digest. */
function namesOf(ids: readonly string[]): string[] {
  const short = (length: number) =>
    ids.map((id) =>
      id
        .replace(/^slimflow\//, '')
        .replace(/\/([0-9a-f]+)$/, (_, digest: string) => `/${digest.slice(0, length)}`),
    );
  for (let length = 4; length < 64; length += 2) {
    const names = short(length);
    if (new Set(names).size === names.length) return names;
  }
  return [...ids];
}

function comparedRun(sources: RunSources, name: string): ComparedRun {
  const { result, record } = sources;
  const { workflowId, outcome, target, tolerance, selected, final, candidates, seconds, original } = result;
  const winner = candidates.find(({ id }) => id === selected);
  const front = frontOf(sources);
  return {
    workflowId,
    name,
    model: record?.input.name ?? workflowId.split('/').at(-2) ?? '',
    outcome,
    target,
    tolerance,
    metric: front?.metric ?? 'metric',
    ...(original && { original: original.metric }),
    ...(winner &&
      final && {
        selected: winner.id,
        ratio: final.ratio,
        value: final.metric,
        test: final.test,
        drop: final.drop,
        latencyMs: final.latencyMs,
        ...(final.speed && { speed: speedText(final.speed) }),
        macs: winner.macs,
        params: winner.params,
      }),
    seconds,
    front,
  };
}

/** Lists the settings that differ, by their path, the model and the data among them. */
function differing(all: readonly RunSources[]): DifferingSetting[] {
  const flat = all.map(({ record }) => {
    if (!record) return new Map<string, string>();
    const { model, data, settings } = record.input;
    const digests = Object.entries(data ?? {}).map(([split, refs]) => [split, digestsIn(refs)] as const);
    return new Map([
      ['model', model.sha256.slice(0, 12)],
      ...digests.map(([split, text]) => [`data.${split}`, text] as const),
      ...leaves(settings),
    ]);
  });
  const known = flat.filter(({ size }) => size);
  return [...new Set(flat.flatMap((one) => [...one.keys()]))]
    .filter((name) => new Set(known.map((one) => one.get(name))).size > 1)
    .map((name) => ({ name, values: flat.map((one) => one.get(name)) }));
}

const digestsIn = (refs: unknown): string =>
  JSON.stringify(refs, (key, value: unknown) =>
    key === 'uri' || key === 'bytes' || key === 'work'
      ? undefined
      : key === 'sha256'
        ? String(value).slice(0, 12)
        : value,
  );

/** Lists the values of nested settings with their paths; a list is one value. */
function leaves(value: unknown, path = ''): [name: string, text: string][] {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return value === undefined ? [] : [[path, JSON.stringify(value)]];
  return Object.entries(value).flatMap(([key, inner]) => leaves(inner, path ? `${path}.${key}` : key));
}

/** Puts the predictions of two winners beside each other, for the samples that both were asked about. */
function winnersOf(one: RunSources, other: RunSources): RunSources['predictions'] {
  const [mine, theirs] = [one.predictions, other.predictions];
  const splits = [one, other].map(({ record }) => digestsIn(record?.input.data?.evaluate));
  if (!mine || !theirs || splits[0] !== splits[1]) return undefined;
  const places = new Map(theirs.rows.map((row, at) => [row, at]));
  const shared = mine.rows.flatMap((row, at) => {
    const place = places.get(row);
    return place === undefined ? [] : [[at, place] as const];
  });
  const winner = ({ models }: Predictions, at: readonly number[]) => ({
    classes: at.map((place) => models[1].classes[place]),
    sureness: at.map((place) => models[1].sureness[place]),
  });
  return {
    rows: shared.map(([at]) => mine.rows[at]),
    of: mine.of,
    labels: shared.map(([at]) => mine.labels[at]),
    models: [
      winner(
        mine,
        shared.map(([at]) => at),
      ),
      winner(
        theirs,
        shared.map(([, at]) => at),
      ),
    ],
    // Where the winners differ, one of them differs from its original, whose run may have the picture.
    pictures: { ...theirs.pictures, ...mine.pictures },
  };
}
