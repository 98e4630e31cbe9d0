import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { artifactsIn } from '../../store/artifact';
import { sha256OfFiles } from '../../store/artifact-bundle';
import { sha256 } from '../../store/digest';
import type { Item } from '../../store/store';
import { hostileNames } from './hostile-names';
import { modelIn } from './store-files';
import type { InStore } from './stores';

const itemsOf = async (items: AsyncIterable<Item>) => {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
};

/** Tests what every store does. */
export function storeSuite(inStore: InStore): void {
  describe('artifacts', () => {
    it('are named by the digest of their bytes', () =>
      inStore(async ({ store, elsewhere }) => {
        const ref = await store.putBytes('hello');
        expect(ref).toMatchObject({ sha256: sha256('hello'), bytes: 5 });
        expect(readFileSync(await store.path(ref), 'utf8')).toBe('hello');
        expect(readFileSync(await elsewhere().path(ref), 'utf8')).toBe('hello');
        expect(await store.putBytes('hello')).toEqual(ref);
        expect(await store.json(await store.putJson({ a: [1] }))).toEqual({ a: [1] });
        expect((await store.putBytes('')).bytes).toBe(0);
      }));

    it('are taken from files by copying, or by moving', () =>
      inStore(async ({ store, folder }) => {
        const file = join(folder, 'file');
        writeFileSync(file, 'content');
        const ref = await store.putFile(file);
        expect(existsSync(file)).toBe(true);
        expect(await store.putFile(file, { move: true })).toEqual(ref);
        expect(existsSync(file)).toBe(false);
        expect((await itemsOf(store.items())).map(({ room }) => room)).toEqual(['objects']);
      }));

    it('that are missing or corrupt are told apart', () =>
      inStore(async ({ store, elsewhere, spoil, lose }) => {
        const ref = await store.putBytes('hello');
        await spoil(ref, 'hellO');
        await expect(elsewhere().path(ref)).rejects.toMatchObject({ code: 'ArtifactCorrupt' });
        const other = await store.putBytes('other');
        await lose(other);
        await expect(elsewhere().path(other)).rejects.toMatchObject({
          name: 'ArtifactError',
          code: 'ArtifactMissing',
          artifacts: [other],
        });
      }));

    it('that are lost are named together', () =>
      inStore(async ({ store, elsewhere, lose }) => {
        const refs = await Promise.all(['a', 'b', 'c'].map((text) => store.putBytes(text)));
        expect(await store.paths(refs)).toHaveLength(3);
        for (const ref of refs.slice(1)) await lose(ref);
        await expect(elsewhere().paths(refs)).rejects.toMatchObject({ artifacts: refs.slice(1) });
      }));

    it.each(['hellO', 'hel', ''])('that are corrupt ("%s") are replaced when they are put again', (bytes) =>
      inStore(async ({ store, elsewhere, spoil }) => {
        const ref = await store.putBytes('hello');
        await spoil(ref, bytes);
        const other = elsewhere();
        await expect(other.path(ref)).rejects.toMatchObject({ name: 'ArtifactError' });
        await other.putBytes('hello');
        expect(readFileSync(await elsewhere().path(ref), 'utf8')).toBe('hello');
      }),
    );

    it('are exported whole, over what was there', () =>
      inStore(async ({ store, folder }) => {
        const out = join(folder, 'out', 'model.onnx');
        mkdirSync(join(folder, 'out'));
        writeFileSync(out, 'old');
        await store.export(await store.putBytes('new'), out);
        expect(readFileSync(out, 'utf8')).toBe('new');
        expect(readdirSync(join(folder, 'out'))).toEqual(['model.onnx']);
      }));

    it('that a JSON artifact names are found in it; other bytes name none', () =>
      inStore(async ({ store, folder }) => {
        const ref = await store.putBytes('x');
        expect(artifactsIn({ a: [{ b: ref }, ref], c: null })).toEqual([ref, ref]);
        expect(await store.jsonNames(await store.putJson([{ factors: ref }]))).toEqual([ref]);
        for (const text of ['', '{', '\x08model'])
          expect(await store.jsonNames(await store.putBytes(text))).toEqual([]);
        expect(await store.jsonNames(await store.putFiles(modelIn(folder)))).toEqual([]);
      }));
  });

  describe('files that belong together', () => {
    it('are one artifact: the path of the first, the others around it', () =>
      inStore(async ({ store, folder, elsewhere }) => {
        const ref = await store.putFiles(modelIn(folder));
        expect(ref).toMatchObject({ bytes: 12, sha256: await sha256OfFiles(modelIn(folder)) });
        expect(ref.uri).toMatch(new RegExp(`/objects/../${ref.sha256}/net.onnx$`));
        const path = await elsewhere().path(ref);
        expect(readFileSync(path, 'utf8')).toBe('model');
        expect(readFileSync(join(path, '..', 'data', 'w.bin'), 'utf8')).toBe('weights');
        expect(await store.putFiles(modelIn(folder), { move: true })).toEqual(ref);
        expect((await itemsOf(store.items())).map(({ room, name }) => [room, name])).toEqual([
          ['objects', ref.sha256],
        ]);
      }));

    it('are another artifact when any of them changes; a single file is named as ever', () =>
      inStore(async ({ store, folder }) => {
        const refs = [
          await store.putFiles(modelIn(folder)),
          await store.putFiles(modelIn(folder, 'Weights')),
        ];
        expect(refs[0].sha256).not.toBe(refs[1].sha256);
        expect((await store.putFiles([modelIn(folder)[0]])).sha256).toBe(sha256('model'));
      }));

    it.each<[string, string, string | undefined]>([
      ['a weight is changed', 'data/w.bin', 'Weights'],
      ['a weight is cut short', 'data/w.bin', 'w'],
      ['a weight is gone', 'data/w.bin', undefined],
      ['the list is gone', 'files.json', undefined],
      ['the list names other files', 'files.json', '[]'],
    ])('are lost when %s, and replaced when they are put again', (_, member, bytes) =>
      inStore(async ({ store, folder, elsewhere, spoil, lose }) => {
        const ref = await store.putFiles(modelIn(folder));
        const result = { model: ref };
        await store.setResult('k', result);
        if (bytes === undefined) await lose(ref, member);
        else await spoil(ref, bytes, member);
        const other = elsewhere();
        await expect(other.path(ref)).rejects.toMatchObject({ name: 'ArtifactError' });
        expect(await other.result('k')).toBeUndefined();
        expect(await other.putFiles(modelIn(folder))).toEqual(ref);
        expect(await elsewhere().result('k')).toEqual(result);
        expect(readFileSync(await elsewhere().path(ref), 'utf8')).toBe('model');
      }),
    );

    it('are exported together, the first under the name asked for', () =>
      inStore(async ({ store, folder, elsewhere }) => {
        const ref = await store.putFiles(modelIn(folder));
        await elsewhere().export(ref, join(folder, 'out', 'small.onnx'));
        expect(readdirSync(join(folder, 'out')).sort()).toEqual(['data', 'small.onnx']);
        expect(readFileSync(join(folder, 'out', 'data', 'w.bin'), 'utf8')).toBe('weights');
      }));

    it('must be in the folder of the first', () =>
      inStore(async ({ store, folder }) => {
        const [outer, inner] = modelIn(folder);
        await expect(store.putFiles([inner, outer])).rejects.toThrow(
          /net.onnx must be in the folder of w.bin/,
        );
      }));
  });

  describe('user files', () => {
    const imports = async (items: AsyncIterable<Item>) =>
      (await itemsOf(items)).filter(({ room }) => room === 'imports').length;

    it('are taken in once, and again after one changed', () =>
      inStore(async ({ store, folder }) => {
        const first = await store.import(...modelIn(folder));
        const [path, weights] = [join(folder, 'net', 'net.onnx'), join(folder, 'net', 'data', 'w.bin')];
        expect(await store.import(path, weights)).toEqual(first);
        expect(await imports(store.items())).toBe(1);
        writeFileSync(weights, 'other weights');
        expect((await store.import(path, weights)).sha256).not.toBe(first.sha256);
        const single = await store.import(path);
        expect(single.sha256).toBe(sha256('model'));
        expect(await store.import(path)).toEqual(single);
      }));

    it('are taken in again when the store lost them', () =>
      inStore(async ({ store, folder, elsewhere, lose }) => {
        const file = join(folder, 'model.onnx');
        writeFileSync(file, 'one');
        const ref = await store.import(file);
        await lose(ref);
        await store.import(file);
        expect(readFileSync(await elsewhere().path(ref), 'utf8')).toBe('one');
      }));
  });

  describe('results', () => {
    it('are remembered under their key, with how to do the work again', () =>
      inStore(async ({ store, elsewhere }) => {
        expect(await store.result('k')).toBeUndefined();
        expect(await store.work('k')).toBeUndefined();
        const [model, from] = [await store.putBytes('m'), await store.putBytes('from')];
        const work = { activity: 'compress', request: { from } };
        await store.setResult('k', { value: 1, model }, work);
        expect(await elsewhere().result('k')).toEqual({ value: 1, model });
        expect(await elsewhere().work('k')).toEqual(work);
        expect(await store.resultNames('k')).toEqual([model, from]);
        await store.setResult('k', 2);
        expect(await elsewhere().result('k')).toBe(2);
      }));

    it.each([
      ['missing', undefined],
      ['corrupt', 'other'],
    ])('whose artifact is %s are forgotten', (_, bytes) =>
      inStore(async ({ store, elsewhere, spoil, lose }) => {
        const model = await store.putBytes('m');
        await store.setResult('k', { nested: [{ model }] });
        if (bytes === undefined) await lose(model);
        else await spoil(model, bytes);
        expect(await elsewhere().result('k')).toBeUndefined();
      }),
    );

    it('cut short by a crash are forgotten', () =>
      inStore(async ({ store, write }) => {
        await store.setResult('k', 1);
        await write('results/k.json', '{"resul');
        expect(await store.result('k')).toBeUndefined();
        await store.setResult('k', 2);
        expect(await store.result('k')).toBe(2);
      }));
  });

  describe('checkpoints', () => {
    const written = (folder: string, text: string) => {
      writeFileSync(join(folder, 'step'), text);
      return join(folder, 'step');
    };

    it('are replaced by newer ones, and dropped at the end', () =>
      inStore(async ({ store, folder, elsewhere, names }) => {
        expect(await store.checkpoint('k')).toBeUndefined();
        await store.setCheckpoint('k', written(folder, '1'));
        const second = await store.setCheckpoint('k', written(folder, '2'));
        const found = await elsewhere().checkpoint('k');
        expect(found?.ref).toEqual(second);
        expect(readFileSync(found!.path, 'utf8')).toBe('2');
        expect((await names('checkpoints/k')).sort()).toEqual(
          [`checkpoints/k/${sha256('2')}`, 'checkpoints/k/latest.json'].sort(),
        );
        await store.dropCheckpoint('k');
        expect(await elsewhere().checkpoint('k')).toBeUndefined();
        expect((await itemsOf(store.items())).filter(({ room }) => room === 'checkpoints')).toEqual([]);
      }));

    it('of equal bytes are each its own: dropping one leaves the other, and artifacts, alone', () =>
      inStore(async ({ store, folder, elsewhere }) => {
        const same = written(folder, 'same');
        const artifact = await store.putFile(same);
        await store.setCheckpoint('a', same);
        await store.setCheckpoint('b', same);
        await store.dropCheckpoint('a');
        expect(readFileSync((await elsewhere().checkpoint('b'))!.path, 'utf8')).toBe('same');
        await store.setCheckpoint('b', written(folder, 'newer'));
        await store.dropCheckpoint('b');
        expect(await elsewhere().has(artifact)).toBe(true);
      }));

    it('set again with the same bytes stay', () =>
      inStore(async ({ store, folder, elsewhere }) => {
        for (let time = 0; time < 2; time++) await store.setCheckpoint('k', written(folder, '1'));
        expect(readFileSync((await elsewhere().checkpoint('k'))!.path, 'utf8')).toBe('1');
      }));

    it.each(['2', '', undefined])('that are corrupt (%j) are none', (bytes) =>
      inStore(async ({ store, folder, elsewhere, write, erase }) => {
        await store.setCheckpoint('k', written(folder, '1'));
        if (bytes === undefined) await erase(`checkpoints/k/${sha256('1')}`);
        else await write(`checkpoints/k/${sha256('1')}`, bytes);
        expect(await elsewhere().checkpoint('k')).toBeUndefined();
      }),
    );
  });

  describe('its content', () => {
    const future = Date.now() + 3_600_000_000;

    it('is listed with its size, and removed unless it was used meanwhile', () =>
      inStore(async ({ store, folder, elsewhere }) => {
        const single = await store.putBytes('single');
        const bundle = await store.putFiles(modelIn(folder));
        await store.setResult('r', 1);
        writeFileSync(join(folder, 'c'), 'checkpoint');
        await store.setCheckpoint('c', join(folder, 'c'));
        const items = await itemsOf(store.items());
        const named = items.map(({ room, name }) => `${room} ${name}`).sort();
        expect(named).toEqual(
          [`objects ${single.sha256}`, `objects ${bundle.sha256}`, 'results r', 'checkpoints c'].sort(),
        );
        expect(items.find(({ name }) => name === single.sha256)?.bytes).toBe(6);
        for (const item of items) {
          expect(item.time).toBeLessThan(future);
          expect(await store.remove(item, 1)).toBe(false);
        }
        expect(await elsewhere().has(bundle)).toBe(true);
        for (const item of items) expect(await store.remove(item, future)).toBe(true);
        for (const item of items) expect(await store.remove(item, future)).toBe(false);
        expect(await itemsOf(elsewhere().items())).toEqual([]);
        expect([await store.has(single), await store.has(bundle), await store.result('r')]).toEqual([
          false,
          false,
          undefined,
        ]);
        expect(await store.checkpoint('c')).toBeUndefined();
      }));
  });

  it('keeps its id, and tells it to all alike', () =>
    inStore(async ({ store, elsewhere }) => {
      const ids = await Promise.all([store.id(), elsewhere().id(), elsewhere().id()]);
      expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/);
      const settled = await elsewhere().id();
      expect(await store.id()).toBe(settled);
      expect(ids).toContain(settled);
    }));

  hostileNames(inStore);
}
