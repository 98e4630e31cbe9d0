/*
 * Times how a data set of many classes is packed and evaluated, at doubled numbers of classes, one image each, so that
 * anything that grows faster than n log n, in time or memory, shows:
 *
 *   npx tsc -p . && node dist/bench/scale/many-classes.js [largest number of classes]
 */
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import sharp from 'sharp';

import { classesIn, listedImages } from '../../engine/data/images/label-lists';
import { classFolders } from '../../engine/data/images/labelled-files';
import { packImages } from '../../engine/data/images/pack-images';
import { subsetOf } from '../../engine/data/images/subset';
import { writeNpy } from '../../engine/data/npy';
import { evaluateJob } from '../../engine/jobs/evaluate';
import { quiet } from '../../engine/jobs/job-context';
import { saveModel } from '../../engine/onnx/model';
import { zeros } from '../../engine/tensor/tensor';
import { build, classifier } from './build';

/** Most links that file systems let a file have, with room to spare. */
const mostLinks = 30_000;

async function writeFolders(folder: string, classes: number): Promise<void> {
  const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  let copy = '';
  for (let at = 0; at < classes; at++) {
    const own = join(folder, `class ${at}`);
    mkdirSync(own);
    if (at % mostLinks === 0) writeFileSync((copy = join(own, 'a.png')), image);
    else linkSync(copy, join(own, 'a.png'));
  }
}

async function measure(classes: number): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'slimflow-classes-'));
  const times: string[] = [];
  const timed = async <T>(what: string, work: () => T | Promise<T>): Promise<T> => {
    const begun = performance.now();
    const made = await work();
    times.push(`${what} ${((performance.now() - begun) / 1000).toFixed(2)} s`);
    return made;
  };
  try {
    const [folder, list, csv] = ['images', 'classes.txt', 'images.csv'].map((name) => join(root, name));
    mkdirSync(folder);
    await writeFolders(folder, classes);
    const names = Array.from({ length: classes }, (_, at) => `class ${at}`);
    writeFileSync(list, names.join('\n'));
    writeFileSync(csv, names.map((name) => `${name}/a.png,${name}`).join('\n'));
    const known = await timed('list of classes', () => classesIn(list));
    await timed('list of images', () => listedImages(csv, folder, known));
    const { files } = await timed('folders', () => classFolders(folder, known));
    const subset = subsetOf(files, { limitPerClass: 1, shuffle: true, seed: 1 });
    const to = { images: join(root, 'x.npy'), labels: join(root, 'y.npy') };
    await timed('packing', () => packImages(subset, to, { channels: 'rgb', size: 4, resize: 4 }));
    const model = join(root, 'model.onnx');
    saveModel(build(classifier(classes)), model, { durable: false });
    const samples = 256;
    const data = { images: join(root, 'few-x.npy'), labels: join(root, 'few-y.npy') };
    writeNpy(data.images, zeros('float32', [samples, 4, 8, 8]));
    const labels = Int32Array.from({ length: samples }, (_, at) => (at * 7919) % classes);
    writeNpy(data.labels, { type: 'int32', dims: [samples], data: labels });
    const machinery = { threads: 1, provider: 'cpu', linearAlgebra: 'auto' } as const;
    await timed(`evaluation of ${samples}`, () =>
      evaluateJob({ model, data, metric: 'top5', machinery }, quiet),
    );
    const peak = process.resourceUsage().maxRSS / 1e6;
    console.log(`${classes} classes: ${times.join(', ')}; peak ${peak.toFixed(2)} GB so far`);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function main([largest = '200000']: readonly string[]): Promise<void> {
  for (const share of [0.25, 0.5, 1]) await measure(Math.round(share * Number(largest)));
}

void main(process.argv.slice(2));
