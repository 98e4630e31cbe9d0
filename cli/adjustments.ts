import { InvalidArgumentError } from 'commander';

import type { Ask } from '../client/steer';
import { type Technique, techniques } from '../engine/jobs/method';
import type { RunFlags } from './options';

export interface NoteFlags extends RunFlags {
  readonly note?: string;
}

export interface ApproveFlags extends NoteFlags {
  readonly picks?: readonly string[];
  readonly select?: string;
}

export interface AdjustFlags extends NoteFlags {
  readonly target?: number;
  readonly tolerance?: number;
  readonly ssvdTargets?: readonly number[];
  readonly ccpFactors?: readonly number[];
  readonly add?: readonly AddedCandidate[];
  readonly skip?: readonly string[];
}

export interface AddedCandidate {
  readonly technique: Technique;
  readonly asked: number;
  readonly parent: string | null;
}

/** Reads `TECHNIQUE=RATIO`, of the original, or `TECHNIQUE=RATIO@CANDIDATE`. */
export function addedCandidate(text: string): AddedCandidate {
  const [, name, ratio, parent] = /^([\w-]+)=([\d.]+)(?:@(.+))?$/.exec(text) ?? [];
  const technique = techniques.find((one) => one === name);
  const asked = Number(ratio);
  if (!technique || !(asked > 0 && asked < 1))
    throw new InvalidArgumentError(
      `It is not TECHNIQUE=RATIO or TECHNIQUE=RATIO@CANDIDATE, with a technique of ${techniques.join(', ')}.`,
    );
  return { technique, asked, parent: parent ?? null };
}

/** What `slimflow adjust` asks of a run, in this order. */
export function adjustments({ note, add = [], skip = [], ...flags }: AdjustFlags, by: string): Ask[] {
  const { target, tolerance, ssvdTargets, ccpFactors } = flags;
  const said = { by, ...(note !== undefined && { note }) };
  const changes = Object.fromEntries(
    Object.entries({ target, tolerance, ssvdTargets, ccpFactors }).filter(([, value]) => value !== undefined),
  );
  return [
    ...(Object.keys(changes).length
      ? [{ update: 'changeTargets' as const, args: { ...changes, ...said } }]
      : []),
    ...skip.map((id) => ({ update: 'skipCandidate' as const, args: { id, ...said } })),
    ...add.map((candidate) => ({ update: 'addCandidate' as const, args: { ...candidate, ...said } })),
  ];
}
