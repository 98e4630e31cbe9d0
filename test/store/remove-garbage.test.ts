import fc from 'fast-check';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ArtifactRef } from '../../store/artifact';
import { removeGarbage, garbage, reachable } from '../../store/remove-garbage';
import type { Item, Room } from '../../store/store';
import { inFileStore } from '../support/stores';

const refTo = (name: string, more: Partial<ArtifactRef> = {}): ArtifactRef => ({
  uri: `file:///objects/${name}`,
  sha256: name,
  bytes: 1,
  ...more,
});
const item = (room: Room, name: string, time = 0): Item => ({ room, name, bytes: 1, time });
const nothing = { artifacts: new Set<string>(), works: new Set<string>(), checkpoints: new Set<string>() };

describe('what is needed', () => {
  it('keeps all that can be reached, the work that made it, and the checkpoints that heartbeats name', async () => {
    const key = 'ab12';
    const names: Record<string, ArtifactRef[]> = {
      a: [refTo('b'), refTo('c', { work: 'w' })],
      c: [refTo('a')],
    };
    const checkpoint = refTo('f'.repeat(64), { uri: `s3://b/p/checkpoints/${key}/${'f'.repeat(64)}` });
    const live = await reachable([refTo('a'), checkpoint], async ({ sha256 }) => names[sha256] ?? []);
    expect([...live.artifacts].sort()).toEqual(['a', 'b', 'c']);
    expect([[...live.works], [...live.checkpoints]]).toEqual([['w'], [key]]);
  });
});

describe('garbage', () => {
  it('is what is neither needed nor young', () => {
    const items = [
      item('objects', 'needed'),
      item('objects', 'unneeded'),
      item('objects', 'young', 10),
      item('checkpoints', 'needed'),
      item('checkpoints', 'unneeded'),
      item('results', 'makes'),
      item('results', 'of needed'),
      item('results', 'of both'),
      item('results', 'of nothing'),
      item('imports', 'old'),
      item('uploads', 'old'),
      item('scratch', 'young', 11),
    ];
    const live = {
      artifacts: new Set(['needed']),
      works: new Set(['makes']),
      checkpoints: new Set(['needed']),
    };
    const namedBy = new Map([
      ['of needed', ['needed']],
      ['of both', ['needed', 'unneeded']],
      ['makes', ['unneeded']],
    ]);
    expect(garbage(items, live, namedBy, 10).map(({ room, name }) => `${room} ${name}`)).toEqual([
      'objects unneeded',
      'checkpoints unneeded',
      'results of both',
      'results of nothing',
      'imports old',
      'uploads old',
    ]);
    expect(garbage(items, nothing, new Map(), 0)).toEqual([]);
  });

  it('never holds what a root reaches, nor what is young', () => {
    const digest = fc.integer({ min: 0, max: 9 }).map(String);
    const edges = fc.dictionary(digest, fc.array(digest, { maxLength: 3 }));
    const items = fc.array(fc.record({ name: digest, time: fc.integer({ min: 0, max: 20 }) }));
    return fc.assert(
      fc.asyncProperty(edges, items, fc.array(digest), async (names, those, roots) => {
        const live = await reachable(
          roots.map((name) => refTo(name)),
          async ({ sha256 }) => (names[sha256] ?? []).map((name) => refTo(name)),
        );
        const gone = garbage(
          those.map(({ name, time }) => item('objects', name, time)),
          live,
          new Map(),
          10,
        );
        for (const { name, time } of gone) {
          expect(time).toBeLessThan(10);
          expect(roots).not.toContain(name);
        }
        for (const [from, to] of Object.entries(names))
          if (live.artifacts.has(from)) to.forEach((name) => expect(live.artifacts).toContain(name));
      }),
    );
  });
});

describe('collecting it', () => {
  const later = () => Date.now() + 1e9;

  it('removes what a dry run names, and keeps what is reached through JSON artifacts', () =>
    inFileStore(async ({ store, folder }) => {
      const factors = await store.putBytes('factors');
      const list = await store.putJson([{ layer: 'c1', factors }]);
      const other = await store.putBytes('other');
      await store.setResult('kept', { list }, { activity: 'collectScores', request: { layers: [factors] } });
      await store.setResult('dropped', { other });
      writeFileSync(join(folder, 'step'), '1');
      const checkpoint = await store.setCheckpoint('a'.repeat(64), join(folder, 'step'));
      await store.setCheckpoint('b'.repeat(64), join(folder, 'step'));
      const collect = async (dryRun: boolean) => {
        const needs = { artifacts: [list, checkpoint], complete: true };
        return (await removeGarbage(store, async () => needs, { olderThan: later(), dryRun })).removed;
      };
      const planned = await collect(true);
      expect(await store.has(other)).toBe(true);
      expect(planned.map(({ room, name }) => [room, name]).sort()).toEqual(
        [
          ['objects', other.sha256],
          ['results', 'dropped'],
          ['checkpoints', 'b'.repeat(64)],
        ].sort(),
      );
      const named = (items: readonly Item[]) => items.map(({ room, name, bytes }) => [room, name, bytes]);
      expect(named(await collect(false))).toEqual(named(planned)); // a look at a file may make it younger
      expect(await collect(false)).toEqual([]);
      expect([await store.has(factors), await store.has(list), await store.has(other)]).toEqual([
        true,
        true,
        false,
      ]);
      expect(await store.result('kept')).toEqual({ list });
      expect(await store.checkpoint('a'.repeat(64))).toBeDefined();
    }));

  it('keeps what is put, or found known, again while it looks', () =>
    inFileStore(async ({ store }) => {
      const [put, known] = [await store.putBytes('put'), await store.putBytes('known')];
      await store.setResult('k', { known });
      for (const ref of [put, known]) utimesSync(new URL(ref.uri), new Date(0), new Date(0));
      const olderThan = Date.now() - 3 * 3_600_000;
      const { removed } = await removeGarbage(
        store,
        async () => {
          await store.putBytes('put');
          await store.result('k');
          return { artifacts: [], complete: true };
        },
        { olderThan },
      );
      expect(removed).toEqual([]);
      expect(readFileSync(await store.path(put), 'utf8')).toBe('put');
    }));

  it('keeps all that may be needed while something can not be read', () =>
    inFileStore(async ({ store }) => {
      const ref = await store.putBytes('x');
      const needs = { artifacts: [], complete: false };
      const { removed, kept } = await removeGarbage(store, async () => needs, { olderThan: later() });
      expect([removed, kept.map(({ name }) => name)]).toEqual([[], [ref.sha256]]);
      expect(await store.has(ref)).toBe(true);
    }));

  it('removes nothing if the roots are unknown', () =>
    inFileStore(async ({ store }) => {
      const ref = await store.putBytes('x');
      const work = removeGarbage(store, () => Promise.reject(new Error('no server')), {
        olderThan: later(),
      });
      await expect(work).rejects.toThrow('no server');
      expect(await store.has(ref)).toBe(true);
    }));
});
