import type { Piece } from '../../../client/read-history';
import type { RunSources } from '../../../client/run-sources';

/** Kinds of work, by which the timeline is coloured; the rest is `other`. */
export const kinds = ['scoring', 'compression', 'fine-tuning', 'evaluation', 'latency', 'other'] as const;
/** A kind of work. */
export type Kind = (typeof kinds)[number];

const kindOf: Readonly<Record<string, Kind>> = {
  scoreModel: 'scoring',
  compress: 'compression',
  fineTune: 'fine-tuning',
  evaluate: 'evaluation',
  latency: 'latency',
};

/** A bar of the timeline. Times are in seconds since the start of the run. */
export interface Bar extends Pick<Piece, 'of' | 'summary' | 'worker' | 'attempts' | 'outcome' | 'failure'> {
  readonly kind: Kind;
  readonly from: number;
  readonly to: number;
  /** Its event in Temporal's UI. */
  readonly href?: string;
}

/** Work of a run: what was done when, and by whom. */
export interface Timeline {
  /** Seconds from the start of the run to its end. */
  readonly seconds: number;
  /** Candidates, the original and the run, in the order in which their work began. */
  readonly rows: readonly string[];
  readonly bars: readonly Bar[];
  /** The same by worker, without what none reported; a row for each piece of work that one does at the same time. */
  readonly byWorker: {
    readonly rows: readonly string[];
    readonly bars: readonly (Bar & { readonly row: number })[];
  };
}

/** Collects the timeline of a run; undefined if its history is gone. */
export function timelineOf({ record, linkOf }: RunSources): Timeline | undefined {
  if (!record?.pieces.length) return undefined;
  const { startedAt, endedAt } = record;
  const bars = record.pieces.map((piece): Bar => ({
    of: piece.of,
    summary: piece.summary,
    worker: piece.worker,
    attempts: piece.attempts,
    outcome: piece.outcome,
    failure: piece.failure,
    kind: kindOf[piece.activity] ?? 'other',
    from: (piece.startedAt - startedAt) / 1000,
    to: (piece.endedAt - startedAt) / 1000,
    href: piece.event && linkOf?.(piece.event),
  }));
  return {
    seconds: (endedAt - startedAt) / 1000,
    rows: [...new Set(bars.map(({ of }) => of))],
    bars,
    byWorker: lanesOf(bars),
  };
}

/** Lays bars out by worker: each takes the first of its worker's rows that is free when it begins. */
export function lanesOf(bars: readonly Bar[]): Timeline['byWorker'] {
  const workers = new Map<string, { until: number; bars: Bar[] }[]>();
  for (const bar of bars.toSorted((one, other) => one.from - other.from)) {
    if (bar.worker === undefined) continue;
    const lanes = workers.get(bar.worker) ?? [];
    workers.set(bar.worker, lanes);
    const free = lanes.find(({ until }) => until <= bar.from);
    if (free) {
      free.bars.push(bar);
      free.until = bar.to;
    } else lanes.push({ until: bar.to, bars: [bar] });
  }
  const all = [...workers].flatMap(([worker, lanes]) =>
    lanes.map((lane, at) => ({ ...lane, name: at ? `${worker} (${at + 1})` : worker })),
  );
  return {
    rows: all.map(({ name }) => name),
    bars: all.flatMap((lane, row) => lane.bars.map((bar) => ({ ...bar, row }))),
  };
}
