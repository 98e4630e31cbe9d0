import { resolve } from 'node:path';

import { workflowArtifacts } from '../client/gc-roots';
import { collectGarbage } from '../store/collect-garbage';
import { openStore } from '../store/open';
import type { Item, Room } from '../store/store';
import { exit } from './exit-status';
import { type StoreFlags, storeAt } from './options';
import { inSession, toStderr, toStdout } from './temporal-session';

/** What `slimflow gc` is told. */
export interface GcFlags extends StoreFlags {
  readonly dryRun?: boolean;
  readonly keepDays: number;
}

const dayMs = 86_400_000;
/** What was used in the last two hours is never removed: something under way may be about to name it. */
const leastMs = dayMs / 12;

/**
 * `slimflow gc`: removes from the store what no workflow needs.
 * @throws BadInput where there is neither server nor history: on an empty one everything would be taken for garbage
 */
export function gc({ dryRun = false, keepDays, json = false, ...place }: GcFlags): Promise<number> {
  const flags = { ...place, state: resolve(place.state) };
  const store = openStore(storeAt(flags));
  return inSession({ state: flags.state, say: toStderr }, async ({ client }) => {
    const olderThan = Date.now() - Math.max(leastMs, keepDays * dayMs);
    const removed = await collectGarbage(store, () => workflowArtifacts(client), { olderThan, dryRun });
    toStdout(json ? JSON.stringify({ dryRun, removed }) : report(removed, dryRun));
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
    return those.length ? [`  ${those.length} ${names[room]}, ${size(those)}`] : [];
  });
  const verb = dryRun ? 'Would remove' : 'Removed';
  return lines.length ? [`${verb} ${size(removed)}:`, ...lines].join('\n') : `${verb} nothing.`;
}

const size = (items: readonly Item[]): string =>
  `${(items.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(1)} MB`;
