import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { prepare } from '../../intake/prepare';
import { saveModel } from '../../engine/onnx/model';
import { loadSpec } from '../../run-spec/load';
import { openStore } from '../../store/open';
import { temporaryFolder } from '../support/folder';
import { cacheIn, imageFolders } from '../support/image-folders';
import { tinyNetwork } from '../support/tiny';

const folder = temporaryFolder();
cacheIn(join(folder, 'cache'));
beforeAll(() => saveModel(tinyNetwork(), join(folder, 'model.onnx')));

const specOf = (images: string) => {
  const file = join(folder, 'job.yaml');
  const split = `{ images: ${images}, transform: { resize: 8, crop: 8, channels: gray } }`;
  const data = ['train', 'evaluate', 'test'].map((name) => `  ${name}: ${split}`).join('\n');
  writeFileSync(file, `model: model.onnx\ndata:\n${data}\ntarget: 0.5\ntolerance: 1\n`);
  return loadSpec(file);
};

it("a run's input has packed arrays of folders of images, and its workflow sees nothing else", async () => {
  await imageFolders(join(folder, 'photos'), ['ape', 'bee'], 2);
  const { data, settings } = await prepare(specOf('photos'), openStore(join(folder, 'store')));
  expect(data.train).toEqual({
    images: expect.objectContaining({ bytes: 128 + 4 * 64 }) as unknown,
    labels: expect.objectContaining({ sha256: expect.any(String) as string }) as unknown,
  });
  expect(data.test).toEqual(data.train);
  expect(settings).not.toHaveProperty('data');
  expect(readFileSync(new URL(data.train.labels!.uri)).subarray(-16)).toEqual(
    Buffer.from(Int32Array.of(0, 0, 1, 1).buffer),
  );
});

it('images without labels are refused if the run needs labels, with the fix', async () => {
  await imageFolders(folder, ['flat'], 1);
  await expect(prepare(specOf('flat'), openStore(join(folder, 'store')))).rejects.toThrow(
    /^data\.train\.images, .*flat, has no labels, and fine-tuning needs it, .*: put images in one folder per class, or set data\.train\.labels$/,
  );
});
