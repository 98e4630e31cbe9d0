import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { artifactsIn } from '../../store/artifact';
import { sha256OfFiles } from '../../store/bundle';
import { sha256 } from '../../store/digest';
import { ArtifactError } from '../../store/errors';
import { FileStore } from '../../store/store';
import { inFolder } from '../support/folder';

const inStore = <T>(work: (store: FileStore, folder: string) => Promise<T>) =>
  inFolder((folder) => work(new FileStore(join(folder, 'store')), folder));
const fileOf = (ref: { uri: string }) => fileURLToPath(ref.uri);

describe('artifacts', () => {
  it('are named by the digest of their bytes', () =>
    inStore(async (store) => {
      const ref = await store.putBytes('hello');
      expect(ref).toMatchObject({ sha256: sha256('hello'), bytes: 5 });
      expect(readFileSync(await store.path(ref), 'utf8')).toBe('hello');
      expect(await store.putBytes('hello')).toEqual(ref);
      expect(await store.json(await store.putJson({ a: [1] }))).toEqual({ a: [1] });
    }));

  it('are taken from files by copying, or by moving', () =>
    inStore(async (store, folder) => {
      const file = join(folder, 'file');
      writeFileSync(file, 'content');
      const ref = await store.putFile(file);
      expect(existsSync(file)).toBe(true);
      expect(await store.putFile(file, { move: true })).toEqual(ref);
      expect(existsSync(file)).toBe(false);
      expect(readdirSync(join(store.root, 'scratch'))).toEqual([]);
    }));

  it('that are missing or corrupt are told apart', () =>
    inStore(async (store) => {
      const ref = await store.putBytes('hello');
      writeFileSync(fileOf(ref), 'hellO');
      await expect(new FileStore(store.root).path(ref)).rejects.toMatchObject({ code: 'ArtifactCorrupt' });
      rmSync(fileOf(ref));
      await expect(store.path(ref)).rejects.toBeInstanceOf(ArtifactError);
      await expect(store.path(ref)).rejects.toMatchObject({ code: 'ArtifactMissing' });
    }));

  it('that are corrupt are mended when they are put again', () =>
    inStore(async (store) => {
      const ref = await store.putBytes('hello');
      writeFileSync(fileOf(ref), 'broken');
      await store.putBytes('hello');
      expect(readFileSync(await store.path(ref), 'utf8')).toBe('hello');
    }));

  it('are exported whole, over what was there', () =>
    inStore(async (store, folder) => {
      const out = join(folder, 'model.onnx');
      writeFileSync(out, 'old');
      await store.export(await store.putBytes('new'), out);
      expect(readFileSync(out, 'utf8')).toBe('new');
      expect(readdirSync(folder).sort()).toEqual(['model.onnx', 'store']);
    }));

  it('are found at any depth of a value', () =>
    inStore(async (store) => {
      const ref = await store.putBytes('x');
      expect(artifactsIn({ a: [{ b: ref }, ref], c: null })).toEqual([ref, ref]);
    }));
});

/** A model and its weights, as files in a folder; gives their paths. */
function modelIn(folder: string, weights = 'weights'): string[] {
  mkdirSync(join(folder, 'net', 'data'), { recursive: true });
  const paths = ['net.onnx', 'data/w.bin'].map((name) => join(folder, 'net', name));
  writeFileSync(paths[0], 'model');
  writeFileSync(paths[1], weights);
  return paths;
}

describe('files that belong together', () => {
  it('are one artifact: the path of the first, the others around it', () =>
    inStore(async (store, folder) => {
      const ref = await store.putFiles(modelIn(folder));
      const path = await store.path(ref);
      expect([ref.bytes, fileOf(ref)]).toEqual([12, path]);
      expect(readFileSync(path, 'utf8')).toBe('model');
      expect(readFileSync(join(path, '..', 'data', 'w.bin'), 'utf8')).toBe('weights');
      expect(await store.putFiles(modelIn(folder), { move: true })).toEqual(ref);
      expect(modelIn(folder).length).toBe(2); // moved away, and made again
      expect(readdirSync(join(store.root, 'scratch'))).toEqual([]);
      expect(ref.sha256).toBe(await sha256OfFiles(modelIn(folder)));
    }));

  it('are another artifact when any of them changes; a single file is named as ever', () =>
    inStore(async (store, folder) => {
      const refs = [await store.putFiles(modelIn(folder)), await store.putFiles(modelIn(folder, 'Weights'))];
      expect(refs[0].sha256).not.toBe(refs[1].sha256);
      expect((await store.putFiles([modelIn(folder)[0]])).sha256).toBe(sha256('model'));
      expect(await sha256OfFiles([modelIn(folder)[0]])).toBe(sha256('model'));
    }));

  it.each<[string, (folder: string) => void]>([
    ['a weight is changed', (at) => writeFileSync(join(at, 'data', 'w.bin'), 'Weights')],
    ['a weight is gone', (at) => rmSync(join(at, 'data', 'w.bin'))],
    ['the list is gone', (at) => rmSync(join(at, 'files.json'))],
    ['the list names other files', (at) => writeFileSync(join(at, 'files.json'), '[]')],
  ])('are corrupt when %s, and mended when they are put again', (_, spoil) =>
    inStore(async (store, folder) => {
      const ref = await store.putFiles(modelIn(folder));
      const result = { model: ref };
      await store.setResult('k', result);
      spoil(join(await store.path(ref), '..'));
      const other = new FileStore(store.root);
      await expect(other.path(ref)).rejects.toMatchObject({ code: 'ArtifactCorrupt' });
      expect(await other.result('k')).toBeUndefined();
      expect(await other.putFiles(modelIn(folder))).toEqual(ref);
      expect(await other.result('k')).toEqual(result);
    }),
  );

  it('are exported together, the first under the name asked for', () =>
    inStore(async (store, folder) => {
      mkdirSync(join(folder, 'out'));
      await store.export(await store.putFiles(modelIn(folder)), join(folder, 'out', 'small.onnx'));
      expect(readdirSync(join(folder, 'out')).sort()).toEqual(['data', 'small.onnx']);
      expect(readFileSync(join(folder, 'out', 'data', 'w.bin'), 'utf8')).toBe('weights');
    }));

  it('must lie in the folder of the first', () =>
    inStore(async (store, folder) => {
      const [, inner] = modelIn(folder);
      await expect(store.putFiles([inner, join(folder, 'net', 'net.onnx')])).rejects.toThrow(
        /net.onnx does not lie in the folder of w.bin/,
      );
    }));
});

describe('user files', () => {
  it('that belong together are taken in once, and again after one changed', () =>
    inStore(async (store, folder) => {
      const first = await store.import(...modelIn(folder));
      const [path, weights] = [join(folder, 'net', 'net.onnx'), join(folder, 'net', 'data', 'w.bin')];
      expect(await store.import(path, weights)).toEqual(first);
      expect(readdirSync(join(store.root, 'imports'))).toHaveLength(1);
      writeFileSync(weights, 'other weights');
      expect((await store.import(path, weights)).sha256).not.toBe(first.sha256);
    }));

  it('are taken in once, and again after they changed', () =>
    inStore(async (store, folder) => {
      const file = join(folder, 'model.onnx');
      writeFileSync(file, 'one');
      const first = await store.import(file);
      expect(await store.import(file)).toEqual(first);
      expect(readdirSync(join(store.root, 'imports'))).toHaveLength(1);
      writeFileSync(file, 'two!');
      expect((await store.import(file)).sha256).toBe(sha256('two!'));
    }));

  it('are taken in again when the store lost them', () =>
    inStore(async (store, folder) => {
      const file = join(folder, 'model.onnx');
      writeFileSync(file, 'one');
      const ref = await store.import(file);
      rmSync(fileOf(ref));
      expect(await store.path(await store.import(file))).toBe(fileOf(ref));
    }));
});

describe('results', () => {
  it('are remembered under their key', () =>
    inStore(async (store) => {
      expect(await store.result('k')).toBeUndefined();
      const result = { value: 1, model: await store.putBytes('m') };
      await store.setResult('k', result);
      expect(await new FileStore(store.root).result('k')).toEqual(result);
    }));

  it.each([
    ['missing', (file: string) => rmSync(file)],
    ['corrupt', (file: string) => writeFileSync(file, 'other')],
  ])('whose artifact is %s are forgotten', (_, spoil) =>
    inStore(async (store) => {
      const model = await store.putBytes('m');
      await store.setResult('k', { nested: [{ model }] });
      spoil(fileOf(model));
      expect(await new FileStore(store.root).result('k')).toBeUndefined();
    }),
  );

  it('cut short by a crash are forgotten', () =>
    inStore(async (store) => {
      await store.setResult('k', 1);
      writeFileSync(join(store.root, 'results', 'k.json'), '{"resul');
      expect(await store.result('k')).toBeUndefined();
    }));
});

describe('checkpoints', () => {
  it('are replaced by newer ones, and dropped at the end', () =>
    inStore(async (store) => {
      const [first, second] = [await store.putBytes('1'), await store.putBytes('2')];
      await store.setCheckpoint('k', first);
      await store.setCheckpoint('k', second);
      expect(await store.checkpoint('k')).toEqual(second);
      expect(await store.has(first)).toBe(false);
      await store.dropCheckpoint('k');
      expect(await store.checkpoint('k')).toBeUndefined();
      expect(await store.has(second)).toBe(false);
    }));

  it('that are corrupt are none', () =>
    inStore(async (store) => {
      const ref = await store.putBytes('1');
      await store.setCheckpoint('k', ref);
      writeFileSync(fileOf(ref), '2');
      expect(await new FileStore(store.root).checkpoint('k')).toBeUndefined();
    }));
});

describe('scratch folders', () => {
  it('are gone after success and after failure', () =>
    inStore(async (store) => {
      const use = (fail: boolean) =>
        store.scratch.use(async (folder) => {
          writeFileSync(join(folder, 'x'), '');
          if (fail) throw new Error('failed');
        });
      await use(false);
      await expect(use(true)).rejects.toThrow('failed');
      expect(readdirSync(join(store.root, 'scratch'))).toEqual([]);
    }));

  it('of dead processes of this host are swept, others stay', () =>
    inStore(async (store) => {
      const mine = await store.scratch.name();
      const dead = mine.replace(`~${process.pid}~`, '~999999999~');
      const elsewhere = join(store.root, 'scratch', 'otherhost~999999999~x');
      for (const folder of [mine, dead, elsewhere]) mkdirSync(folder);
      await store.scratch.sweep();
      expect([mine, dead, elsewhere].map((folder) => existsSync(folder))).toEqual([true, false, true]);
    }));
});

it('a store keeps its id', () =>
  inStore(async (store) => {
    const id = await store.id();
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(await new FileStore(store.root).id()).toBe(id);
  }));
