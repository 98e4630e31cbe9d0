import type { ArtifactRef } from './artifact';
import { ArtifactError } from './store-errors';
import type { Item, Room, Store } from './store';

/** Everything that is still needed. */
export interface Live {
  /** Digests of artifacts. */
  readonly artifacts: ReadonlySet<string>;
  /** Keys of the work that made the artifacts, by which they can be regenerated. */
  readonly works: ReadonlySet<string>;
  /** Keys of unfinished work that resumes from its checkpoint. */
  readonly checkpoints: ReadonlySet<string>;
}

/**
 * Selects the garbage of a store. Artifacts and checkpoints that nobody needs are garbage; results are unless they say
 * how to regenerate a needed artifact, or everything they name is needed, so that a later run finds them; for the rest
 * only age counts.
 *
 * @param namedBy the artifacts that each result names, by its key
 * @param olderThan items written or used since then (ms since 1970) stay: work in progress may be about to name them
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

/**
 * Collects everything that can be reached from what workflows name.
 * @param namesOf returns the artifacts that an artifact names
 */
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

/** Options of `removeGarbage`. */
export interface RemoveOptions {
  /** Items written or used since then (ms since 1970) stay. */
  readonly olderThan: number;
  /** Only lists what would be removed. */
  readonly dryRun?: boolean;
}

/** Everything that is needed by name. */
export interface Needs {
  readonly artifacts: readonly ArtifactRef[];
  /** False if something else may be needed, which nobody could read. */
  readonly complete: boolean;
}

/** Rooms that hold nothing that anybody outside this store refers to: only age counts there. */
const unnamed: readonly Room[] = ['imports', 'uploads', 'scratch'];

/**
 * Removes from a store what no workflow needs.
 * @param findRoots returns every artifact that is named; called after the store has been listed, so that an item listed
 * before it became needed is protected by its age
 * @returns what was removed, or would be, and what was kept only because the needs are incomplete
 * @throws StoreError; what `findRoots` throws, before anything is removed
 */
export async function removeGarbage(
  store: Store,
  findRoots: () => Promise<Needs>,
  { olderThan, dryRun = false }: RemoveOptions,
): Promise<{ readonly removed: readonly Item[]; readonly kept: readonly Item[] }> {
  const items: Item[] = [];
  for await (const item of store.items()) items.push(item);
  const there = new Set(items.filter(({ room }) => room === 'objects').map(({ name }) => name));
  const { artifacts, complete } = await findRoots();
  const live = await reachable(artifacts, async (ref) =>
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
  const kept: Item[] = [];
  for (const item of garbage(items, live, namedBy, olderThan))
    if (!complete && !unnamed.includes(item.room)) kept.push(item);
    else if (dryRun || (await store.remove(item, olderThan))) removed.push(item);
  return { removed, kept };
}

/** Treats a lost artifact as naming nothing. */
function ignoreLost(error: unknown): ArtifactRef[] {
  if (error instanceof ArtifactError) return [];
  throw error;
}
