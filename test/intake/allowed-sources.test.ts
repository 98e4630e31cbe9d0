import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { isWithin, refusedSource } from '../../intake/allowed-sources';
import { CompressionSpec, type CompressionSpecInput } from '../../run-spec/spec';
import { temporaryFolder } from '../support/folder';

const folder = temporaryFolder();
const root = join(folder, 'exports');
beforeAll(() => {
  mkdirSync(root);
  writeFileSync(join(folder, 'secret.npy'), '');
  mkdirSync(join(root, 'shards'));
  writeFileSync(join(root, 'shards/1.tar'), '');
  symlinkSync(folder, join(root, 'up'));
});

describe('a place to import from', () => {
  it.each([
    ['net.onnx', true],
    ['deep/er/net.onnx', true],
    ['shards/*.tar', true],
    ['', true],
    ['../secret.npy', false],
    ['up/secret.npy', false],
    ['up/*.npy', false],
    ['*/*.npy', false],
    ['*/*.tar', true],
    ['up/{secret,other}.npy', false],
    ['{../secret,x}.npy', false],
  ])('has %j in it: %s', (path, inside) => {
    const whole = `${root}/${path}`.replace(/\/$/, '');
    expect(isWithin(root, whole)).toBe(inside);
  });

  it.each([
    ['https://models.example/exports/', 'https://models.example/exports/net.onnx', true],
    ['https://models.example/exports', 'https://models.example/exports/a/b.onnx?sig=1', true],
    ['https://models.example', 'https://models.example/x', true],
    ['https://models.example/exports', 'https://models.example/exports-other/net.onnx', false],
    ['https://models.example/exports/', 'https://models.example/exports/../secret', false],
    ['https://models.example/exports/', 'https://models.example/exports/%2e%2e/secret', false],
    ['https://models.example/exports/', 'https://models.example/exports/..%2fsecret', false],
    ['https://models.example/exports/', 'https://models.example/exports/..\\secret', false],
    ['https://models.example/', 'https://models.example.evil/net.onnx', false],
    ['https://models.example/', 'https://models.example@evil/net.onnx', false],
    ['https://models.example/', 'http://models.example/net.onnx', false],
    ['https://models.example/', 'https://models.example:444/net.onnx', false],
    ['s3://models/exports', 's3://models/exports/net.onnx', true],
    ['s3://models/exports', 's3://models/other/net.onnx', false],
    ['s3://models', 's3://models-2/net.onnx', false],
    ['/', 's3://models/net.onnx', false],
    ['s3://models', '/etc/passwd', false],
  ])('%s has %s in it: %s', (place, address, inside) => {
    expect(isWithin(place, address)).toBe(inside);
  });
});

describe('the files of a spec', () => {
  const split = { images: `${root}/images.npy`, labels: `${root}/labels.npy` };
  const refused = (change: Partial<CompressionSpecInput>, roots = [root], allowModules = false) =>
    refusedSource(
      CompressionSpec.parse({
        model: `${root}/net.onnx`,
        data: { train: split, evaluate: split, test: split },
        target: 0.5,
        tolerance: 1,
        ...change,
      }),
      roots,
      allowModules,
    );
  const data = (test: object) => ({ data: { train: split, evaluate: split, test: { ...split, ...test } } });

  it('are read if all of them are in a place of the worker', () => {
    expect(refused({})).toBeUndefined();
    expect(refused({ model: 's3://m/net.onnx' }, [root, 's3://m/'])).toBeUndefined();
  });

  it.each([
    [{ model: '/etc/passwd' }, /^model \/etc\/passwd is not in .*exports, from which this worker imports/],
    [{ model: 'net.onnx' }, /^model net\.onnx is not in/],
    [data({ labels: '/etc/passwd' }), /^data\.test\.labels/],
    [data({ images: [split.images, '/etc/passwd'] }), /^data\.test\.images \/etc\/passwd/],
    [data({ inputs: { mask: '/etc/passwd' } }), /^data\.test\.inputs\.mask/],
    [data({ classes: '/etc/passwd' }), /^data\.test\.classes/],
    [{ metric: { module: `${root}/metric.mjs` } }, /^metric\.module .* is code, .* --allow-modules/],
    [data({ images: { module: `${root}/data.mjs` } }), /^data\.test\.images .* is code/],
  ])('%j is refused', (change, message) => {
    expect(refused(change)).toMatch(message);
  });

  it('may be code for a worker that runs it, from its own disk', () => {
    expect(refused({ metric: { module: `${root}/metric.mjs` } }, [root], true)).toBeUndefined();
    expect(refused({ metric: { module: 'https://h/metric.mjs' } }, [root, 'https://h/'], true)).toMatch(
      /is code, which is not fetched/,
    );
  });

  it('are none of a worker that was given no place', () => {
    expect(refused({}, [])).toMatch(
      /^model .*: this worker imports no files by itself: start it with --import-from/,
    );
  });
});
