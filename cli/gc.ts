import { resolve } from 'node:path';

import { collectGarbage, type Garbage } from '../client/collect-garbage';
import { openStore } from '../store/open';
import type { Item, Room } from '../store/store';
import { exitStatus } from './exit-status';
import { type StoreFlags, storeLocation } from './options';
import { withSession, toStderr, toStdout } from './temporal-session';

/** The options of `slimflow gc`. */
export interface GcFlags extends StoreFlags {
  readonly dryRun?: boolean;
  readonly keepDays: number;
  readonly namespace?: readonly string[];
}

/**
 * `slimflow gc`: removes from the store what no workflow needs.
 * @throws BadInput if there is neither a server nor a history: without workflows, everything would look like garbage
 */
export function gc({
  dryRun = false,
  keepDays,
  namespace,
  json = false,
  ...place
}: GcFlags): Promise<number> {
  const flags = { ...place, state: resolve(place.state) };
  const store = openStore(storeLocation(flags));
  return withSession({ state: flags.state, say: toStderr }, async ({ client }) => {
    const garbage = await collectGarbage(client, store, { keepDays, dryRun, namespaces: namespace });
    toStdout(json ? JSON.stringify({ dryRun, ...garbage }) : report(garbage.removed, dryRun));
    if (!json) sayUnread(garbage);
    return exitStatus.done;
  });
}

const names: Record<Room, string> = {
  objects: 'artifacts',
  results: 'results',
  checkpoints: 'checkpoints',
  imports: 'records of imported files',
  placed: "models that users' activities made",
  uploads: 'unfinished uploads',
  scratch: 'scratch folders',
};

/** Reasons shown at most. */
const shown = 10;

function sayUnread({ kept, unread }: Garbage): void {
  if (!unread.length) return;
  const reasons = unread.slice(0, shown).map(({ what, why }) => `  ${what}: ${why}`);
  const more = unread.length > shown ? [`  … and ${unread.length - shown} more`] : [];
  toStderr(
    [`Kept ${size(kept)} that may be garbage, since what needs it can't be read:`, ...reasons, ...more].join(
      '\n',
    ),
  );
}

function report(removed: readonly Item[], dryRun: boolean): string {
  const lines = (Object.keys(names) as Room[]).flatMap((room) => {
    const items = removed.filter((item) => item.room === room);
    return items.length ? [`  ${items.length} ${names[room]}, ${size(items)}`] : [];
  });
  const verb = dryRun ? 'Would remove' : 'Removed';
  return lines.length ? [`${verb} ${size(removed)}:`, ...lines].join('\n') : `${verb} nothing.`;
}

const size = (items: readonly Item[]): string =>
  `${(items.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6).toFixed(1)} MB`;
