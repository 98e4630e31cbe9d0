import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sha256 } from '../../store/digest';
import type { Item, Store } from '../../store/store';
import type { InStore } from './stores';

/** Tests what every store does for activities of users' own, which can't use it. */
export function sharingSuite(inStore: InStore): void {
  describe('artifacts and others', () => {
    it('are shared with others, as a file or by URLs', () =>
      inStore(async ({ store, folder }) => {
        mkdirSync(join(folder, 'model'));
        const files = ['model.onnx', 'weights/one.bin'].map((name) => join(folder, 'model', name));
        mkdirSync(join(folder, 'model', 'weights'));
        files.forEach((file, at) => writeFileSync(file, `content ${at}`));
        const shared = await store.share(await store.putFiles(files));
        if ('path' in shared) expect(readFileSync(shared.path, 'utf8')).toBe('content 0');
        else {
          const read = async (url: string) => (await fetch(url)).text();
          expect(await read(shared.url)).toBe('content 0');
          expect(Object.keys(shared.others!)).toEqual(['weights/one.bin']);
          expect(await read(shared.others!['weights/one.bin'])).toBe('content 1');
        }
        await expect(store.share({ sha256: sha256('gone'), bytes: 4 })).rejects.toThrow(/artifact/);
      }));

    it('are taken in from others, who put them into a place', () =>
      inStore(async ({ store }) => {
        const read = () => store.placed('work', (path) => Promise.resolve(readFileSync(path, 'utf8')));
        const place = await store.place('work');
        expect(await read()).toBeUndefined();
        for (const content of ['first', 'second']) {
          if ('path' in place) writeFileSync(place.path, content);
          else expect((await fetch(place.url, { method: 'PUT', body: content })).status).toBe(200);
          expect(await read()).toBe(content);
        }
        expect(await placedIn(store)).toHaveLength(1);
        await store.dropPlaced('work');
        expect(await read()).toBeUndefined();
      }));
  });
}

const placedIn = async (store: Store) => {
  const found: Item[] = [];
  for await (const item of store.items()) if (item.room === 'placed') found.push(item);
  return found;
};
