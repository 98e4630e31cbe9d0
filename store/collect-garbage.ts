import type { ArtifactRef } from './artifact';
import { ArtifactError } from './store-errors';
import type { Item, Store } from './store';

/** What is still needed. */
export interface Live {
  /** Digests of artifacts. */
  readonly artifacts: ReadonlySet<string>;
  /** Keys of the work that artifacts came out of, by which they can be made again. */
  readonly works: ReadonlySet<string>;
  /** Keys of unfinished work that goes on from its checkpoint. */
  readonly checkpoints: ReadonlySet<string>;
}

/**
 * What of a store is garbage. Artifacts and checkpoints go that nobody needs; results go unless they tell how a needed
 * artifact is made, or all that they name is needed, so that a next run finds them; the rest is only a matter of age.
 *
 * @param namedBy the artifacts that each result names, by its key
 * @param olderThan what was written or used since then (ms since 1970) stays: something under way may be about to name it
 */
export function garbage(
  items: readonly Item[],
  { artifacts, works, checkpoints }: Live,
  namedBy: ReadonlyMap<string, readonly string[]>,
  olderThan: number,
): Item[] {
  const isNeeded = ({ room, name }: Item): boolean => {
    if (room === 'objects') return artifacts.has(name);
    if (room === 'checkpoints') return checkpoints.has(name);
    if (room !== 'results') return false;
    const named = namedBy.get(name) ?? [];
    return works.has(name) || (named.length > 0 && named.every((digest) => artifacts.has(digest)));
  };
  return items.filter((item) => item.time < olderThan && !isNeeded(item));
}

/** All that can be reached from what workflows name. @param namesOf the artifacts that an artifact names */
export async function reachable(
  roots: readonly ArtifactRef[],
  namesOf: (ref: ArtifactRef) => Promise<readonly ArtifactRef[]>,
): Promise<Live> {
  const [artifacts, works, checkpoints] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const open = [...roots];
  for (let ref = open.pop(); ref; ref = open.pop()) {
    if (ref.work) works.add(ref.work);
    const [, key] = /\/checkpoints\/([^/]+)\/[0-9a-f]{64}$/.exec(ref.uri) ?? [];
    if (key) checkpoints.add(key);
    else if (!artifacts.has(ref.sha256)) {
      artifacts.add(ref.sha256);
      open.push(...(await namesOf(ref)));
    }
  }
  return { artifacts, works, checkpoints };
}

export interface CollectOptions {
  /** What was written or used since then (ms since 1970) stays. */
  readonly olderThan: number;
  /** Removes nothing. */
  readonly dryRun?: boolean;
}

/**
 * Removes from a store what no workflow needs.
 * @param findRoots gives every artifact that a workflow names; asked once the store has been listed, so that nothing is
 *   listed that came to be needed only afterwards without being young
 * @returns what was removed, or would be
 * @throws StoreError; what `findRoots` throws, before anything is removed
 */
export async function collectGarbage(
  store: Store,
  findRoots: () => Promise<readonly ArtifactRef[]>,
  { olderThan, dryRun = false }: CollectOptions,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of store.items()) items.push(item);
  const there = new Set(items.filter(({ room }) => room === 'objects').map(({ name }) => name));
  const live = await reachable(await findRoots(), async (ref) =>
    there.has(ref.sha256) ? store.jsonNames(ref).catch(ignoreLost) : [],
  );
  const namedBy = new Map<string, string[]>();
  for (const { room, name, time } of items)
    if (room === 'results' && time < olderThan)
      namedBy.set(
        name,
        (await store.resultNames(name)).map(({ sha256 }) => sha256),
      );
  const removed: Item[] = [];
  for (const item of garbage(items, live, namedBy, olderThan))
    if (dryRun || (await store.remove(item, olderThan))) removed.push(item);
  return removed;
}

/** What is lost names nothing. */
function ignoreLost(error: unknown): ArtifactRef[] {
  if (error instanceof ArtifactError) return [];
  throw error;
}
