import { Random } from '../../engine/data/random';

/** Every kind of fault, in the order of the table. */
export const faultNames = [
  'kill-worker',
  'stop-worker',
  'pause-worker',
  'kill-server',
  'cut-connection',
  'stall-connection',
  'fill-store',
  'delete-artifact',
  'corrupt-artifact',
] as const;
export type FaultName = (typeof faultNames)[number];

/** Shortest and longest, in seconds. */
export type Span = readonly [shortest: number, longest: number];

/** Durations of the kinds of faults whose length the schedule sets. */
export type Outages = Readonly<Partial<Record<FaultName, Span>>>;

/** One fault of a schedule. */
export interface PlannedFault {
  readonly fault: FaultName;
  /** Seconds to wait before it. */
  readonly pause: number;
  /** True if it comes while the runs still recover from the one before it. */
  readonly overlaps: boolean;
  /** Seconds that it lasts; 0 for one that is over at once. */
  readonly outage: number;
  /** A number in [0, 1) that says which of several things it hits. */
  readonly draw: number;
}

export interface ScheduleOptions {
  readonly seed: number;
  readonly faults: number;
  /** The kinds to draw from; all by default. */
  readonly kinds?: readonly FaultName[];
  readonly pause: Span;
  readonly outages: Outages;
  /** Share of the faults that do not wait for the previous one. */
  readonly overlapping: number;
}

/**
 * The faults of a chaos run, the same for the same options: every kind once, in random order, then every kind again, so
 * that their counts differ by one at most.
 */
export function schedule(options: ScheduleOptions): PlannedFault[] {
  const { seed, faults, kinds = faultNames, pause, outages, overlapping } = options;
  const random = new Random(seed);
  const within = ([shortest, longest]: Span) => shortest + (longest - shortest) * random.next();
  const order: FaultName[] = [];
  while (order.length < faults)
    order.push(...[...random.sample(kinds.length, kinds.length)].map((at) => kinds[at]));
  return order.slice(0, faults).map((fault) => ({
    fault,
    pause: within(pause),
    overlaps: random.next() < overlapping,
    outage: within(outages[fault] ?? [0, 0]),
    draw: random.next(),
  }));
}
