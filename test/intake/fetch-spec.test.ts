import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { fetchModel, fetchSplits } from '../../intake/fetch-spec';
import type { UserData } from '../../engine/data/sources/user-data';
import { modelFiles, saveModel } from '../../engine/onnx/model';
import { Mirror } from '../../store/remote/mirror';
import { temporaryFolder } from '../support/folder';
import { tinyNetwork } from '../support/tiny';
import { publish, type WebServer, webServer } from '../support/web-server';

const folder = temporaryFolder();
const mirror = new Mirror(join(folder, 'mirror'));
let web: WebServer;
beforeAll(async () => {
  web = await webServer();
});
afterAll(() => web.stop());

describe('what a spec names on other machines', () => {
  it('is a model with its weights beside it', async () => {
    const local = join(folder, 'net.onnx');
    saveModel(tinyNetwork(), local, { externalData: true });
    const files = modelFiles(local);
    expect(files.length).toBe(2);
    for (const file of files) publish(web, `/exports/${basename(file)}`, readFileSync(file));
    const fetched = await fetchModel(`${web.url}/exports/net.onnx`, { mirror });
    expect(modelFiles(fetched).map((file) => readFileSync(file))).toEqual(
      files.map((file) => readFileSync(file)),
    );
    expect(dirname(modelFiles(fetched)[1])).toBe(dirname(fetched));
    await expect(fetchModel(`${web.url}/exports/net.onnx?sig=1`, { mirror })).rejects.toThrow(
      /net\.onnx has weights in .*, which its signed address does not lead to: export it as one file/,
    );
  });

  it('are files of data, ranges of them too; local ones stay as they are', async () => {
    for (const name of ['train-00.tar', 'train-01.tar', 'labels.npy', 'classes.txt', 'mask.npy'])
      publish(web, `/data/${name}`, name);
    const splits: Readonly<Record<'train' | 'test', UserData>> = {
      train: {
        images: `${web.url}/data/train-{00..01}.tar`,
        labels: `${web.url}/data/labels.npy`,
        classes: `${web.url}/data/classes.txt`,
        inputs: { mask: `${web.url}/data/mask.npy` },
        range: [0, 5],
      },
      test: { images: '/local/images.npy', classes: ['a', 'b'] },
    };
    const { train, test } = await fetchSplits(splits, { mirror });
    const read = (path: unknown) => readFileSync(path as string, 'utf8');
    expect((train.images as readonly string[]).map(read)).toEqual(['train-00.tar', 'train-01.tar']);
    expect([train.labels, train.classes, train.inputs?.mask].map(read)).toEqual([
      'labels.npy',
      'classes.txt',
      'mask.npy',
    ]);
    expect(train.range).toEqual([0, 5]);
    expect(test).toEqual({ images: '/local/images.npy', classes: ['a', 'b'] });
  });

  it('is no pattern that only a folder could answer', async () => {
    await expect(fetchSplits({ train: { images: `${web.url}/data/*.tar` } }, { mirror })).rejects.toThrow(
      /has a \*, which only works for local files/,
    );
  });
});
