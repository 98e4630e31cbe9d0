/**
 * Linear algebra by every library that the machine has, in turns in one run, in seconds of processor time:
 *
 *     npm run bench:linalg -- [threads] [svd:ROWSxCOLUMNS | product:ROWSxDEPTH | solve:UNKNOWNSxSIDES …]
 *
 * Prints the medians of each, and how many times the fastest's median theirs are. ml-matrix gets only matrices that take it
 * seconds. Products are those of jobs: large ones run in ONNX Runtime if the library is not native.
 */
import { Random } from '../../engine/data/random';
import { describeLinearAlgebra, linearAlgebra } from '../../engine/linalg/choose';
import type { LinearAlgebra } from '../../engine/linalg/linear-algebra';
import { type Matrix, matrixOf } from '../../engine/linalg/matrix';
import { withFastProducts } from '../../engine/runtime/products';

const rounds = 3;
const usual = ['svd:256x256', 'svd:512x512', 'svd:1536x1536', 'svd:256x2304'];
const refits = ['product:2305x512', 'product:4609x512', 'solve:577x256', 'solve:1729x256'];
/** Elements beyond which ml-matrix takes minutes. */
const mostOfMlMatrix = 2 ** 19;

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

function randomMatrix(rows: number, columns: number): Matrix {
  const random = new Random(rows);
  return matrixOf(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => 2 * random.next() - 1),
  );
}

type Work = (library: LinearAlgebra) => Promise<unknown>;

/** Makes the work of one measurement; what it works on is made here, by the first library. */
const works: Record<string, (rows: number, columns: number, first: LinearAlgebra) => Promise<Work>> = {
  async svd(rows, columns) {
    const matrix = randomMatrix(rows, columns);
    return (library) => library.svd(matrix);
  },
  async product(rows, depth) {
    const matrix = randomMatrix(rows, depth);
    return (library) => library.timesTransposed(matrix, matrix);
  },
  async solve(unknowns, sides, first) {
    const samples = randomMatrix(unknowns, unknowns + 8);
    const gram = await first.timesTransposed(samples, samples);
    const rhs = randomMatrix(unknowns, sides);
    return (library) => library.solve(gram, rhs);
  },
};

async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function main(): Promise<void> {
  const [threads = '1', ...given] = process.argv.slice(2);
  const libraries = describeLinearAlgebra()
    .backends.filter(({ available }) => available)
    .map(({ name }) => linearAlgebra({ backend: name, threads: Number(threads) }))
    .map((library) => withFastProducts(library, Number(threads)));
  for (const library of libraries) console.log(library.describe());
  for (const name of given.length ? given : [...usual, ...refits]) {
    const [what, shape] = name.split(':');
    const [rows, columns] = shape.split('x').map(Number);
    const work = await works[what](rows, columns, libraries[0]);
    const able = libraries.filter(
      (library) => library.name !== 'ml-matrix' || rows * columns <= mostOfMlMatrix,
    );
    const times = new Map(able.map((library) => [library.name, [] as number[]]));
    for (let round = 0; round < rounds; round++)
      for (const library of able) times.get(library.name)!.push(await secondsOf(() => work(library)));
    const medians = [...times].map(([library, of]) => ({ library, seconds: median(of) }));
    const fastest = Math.min(...medians.map(({ seconds }) => seconds));
    const shown = medians.map(
      ({ library, seconds }) => `${library} ${seconds.toFixed(2)} s (${(seconds / fastest).toFixed(1)}x)`,
    );
    console.log(`${name}: ${shown.join(', ')}`);
  }
}

void main();
