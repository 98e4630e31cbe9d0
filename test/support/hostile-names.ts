import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { sha256 } from '../../store/digest';
import { oddFiles } from './odd-files';
import { modelIn } from './store-files';
import type { InStore } from './stores';

/** Tests what every store does with names that others made up, and with paths that are not files. */
export function hostileNames(inStore: InStore): void {
  describe('artifacts', () => {
    it.each(['../../../../../etc/passwd', '/etc/passwd', '..', 'AB'.repeat(32), 5, null, {}])(
      'named %j are none, and nothing outside is looked at',
      (name) =>
        inStore(async ({ store, folder }) => {
          writeFileSync(join(folder, 'secret'), 'secret');
          const ref = { uri: 'file:///x', sha256: name as string, bytes: 6 };
          await expect(store.path(ref)).rejects.toThrow(
            /there is no artifact .*: artifacts are named by a SHA-256/,
          );
          await expect(store.path({ ...ref, sha256: '../../secret' })).rejects.toMatchObject({
            code: 'ArtifactMissing',
          });
          await expect(store.json(ref)).rejects.toMatchObject({ code: 'ArtifactMissing' });
          expect(await store.work(name as string)).toBeUndefined();
          expect(await store.result(name as string)).toBeUndefined();
          await expect(store.checkpoint(name as string)).rejects.toThrow(/is not the key/);
          await expect(store.dropCheckpoint(name as string)).rejects.toThrow(/is not the key/);
        }),
    );
  });

  describe('files that belong together', () => {
    it.each(['../../x', '/x', 'a/../../x', 'files.json', 'a\\..\\x', ''])(
      'whose list names %j are corrupt: nothing is written there',
      (name) =>
        inStore(async ({ folder, elsewhere, write }) => {
          const bytes = 'planted';
          const list = JSON.stringify([
            { name: 'net.onnx', sha256: sha256('model'), bytes: 5 },
            { name, sha256: sha256(bytes), bytes: bytes.length },
          ]);
          const digest = sha256(list);
          const at = (member: string) => `objects/${digest.slice(0, 2)}/${digest}/${member}`;
          await write(at('net.onnx'), 'model');
          await write(at('files.json'), list);
          const ref = { uri: '', sha256: digest, bytes: 5 + bytes.length };
          const out = join(folder, 'deep', 'out', 'small.onnx');
          await expect(elsewhere().export(ref, out)).rejects.toMatchObject({ name: 'ArtifactError' });
          expect(existsSync(join(folder, 'deep'))).toBe(false);
        }),
    );

    it('can not have the name of the list', () =>
      inStore(async ({ store, folder }) => {
        const [model, weights] = modelIn(folder);
        const list = join(dirname(model), 'files.json');
        writeFileSync(list, readFileSync(weights));
        await expect(store.putFiles([model, list])).rejects.toThrow(
          /files.json has a name that the store can't keep/,
        );
      }));
  });

  it('files that are none are refused when they are taken in', () =>
    inStore(async ({ store, folder }) => {
      for (const [what, path] of oddFiles(folder)) {
        await expect(store.import(path)).rejects.toThrow(`it is not a file, but ${what}`);
        await expect(store.putFile(path)).rejects.toThrow(`it is not a file, but ${what}`);
      }
      for await (const { room } of store.items()) expect(room).toBe('imports');
    }));
}
