import { join, resolve } from 'node:path';

import { workflowArtifacts } from '../client/gc-roots';
import { collectGarbage } from '../store/gc';
import { openStore } from '../store/open';
import type { Item, Room } from '../store/store';
import { exit } from './exit';
import { inSession, toStderr } from './session';

export interface GcFlags {
  readonly state: string;
  readonly store?: string;
  readonly dryRun?: boolean;
  readonly keepDays: number;
  readonly json?: boolean;
}

const dayMs = 86_400_000;
/** What was used in the last two hours is never removed: something under way may be about to name it. */
const leastMs = dayMs / 12;

/** `slimflow gc`: removes from the store what no workflow needs; without a history of workflows it refuses to judge. */
export function gc({
  state,
  store: where,
  dryRun = false,
  keepDays,
  json = false,
}: GcFlags): Promise<number> {
  const store = openStore(where ?? join(resolve(state), 'store'));
  return inSession({ state, say: toStderr }, async ({ client }) => {
    const olderThan = Date.now() - Math.max(leastMs, keepDays * dayMs);
    const removed = await collectGarbage(store, () => workflowArtifacts(client), { olderThan, dryRun });
    process.stdout.write(json ? `${JSON.stringify({ dryRun, removed })}\n` : report(removed, dryRun));
    return exit.done;
  });
}

const names: Record<Room, string> = {
  objects: 'artifacts',
  results: 'results',
  checkpoints: 'checkpoints',
  imports: 'notes of imported files',
  uploads: 'uploads broken off',
  scratch: 'scratch folders',
};

function report(removed: readonly Item[], dryRun: boolean): string {
  const lines = (Object.keys(names) as Room[]).flatMap((room) => {
    const those = removed.filter((item) => item.room === room);
    return those.length ? [`  ${those.length} ${names[room]}, ${size(those)}\n`] : [];
  });
  const [first, nothing] = dryRun
    ? ['Would remove', 'Would remove nothing.\n']
    : ['Removed', 'Removed nothing.\n'];
  return lines.length ? `${first} ${size(removed)}:\n${lines.join('')}` : nothing;
}

const size = (items: readonly Item[]): string =>
  `${(items.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(1)} MB`;
