/**
 * Singular value decompositions by every library that the machine has, in turns in one run:
 *
 *     npm run bench:linalg -- [threads] [ROWSxCOLUMNS …]
 *
 * Prints the medians of each, and how many times ml-matrix's median is theirs.
 */
import { Random } from '../../engine/data/random';
import { describeLinearAlgebra, linearAlgebra } from '../../engine/linalg/choose';
import { type Matrix, matrixOf } from '../../engine/linalg/matrix';

const rounds = 3;
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];

function randomMatrix(rows: number, columns: number): Matrix {
  const random = new Random(rows);
  return matrixOf(
    rows,
    columns,
    Float64Array.from({ length: rows * columns }, () => 2 * random.next() - 1),
  );
}

async function main(): Promise<void> {
  const [threads = '1', ...shapes] = process.argv.slice(2);
  const libraries = describeLinearAlgebra()
    .backends.filter(({ available }) => available)
    .map(({ name }) => linearAlgebra({ backend: name, threads: Number(threads) }));
  for (const library of libraries) console.log(library.describe());
  for (const shape of shapes.length ? shapes : ['256x256', '512x512', '768x768', '256x2304']) {
    const [rows, columns] = shape.split('x').map(Number);
    const matrix = randomMatrix(rows, columns);
    const times = new Map(libraries.map(({ name }) => [name, [] as number[]]));
    for (let round = 0; round < rounds; round++) {
      for (const library of libraries) {
        const start = performance.now();
        await library.svd(matrix);
        times.get(library.name)!.push(performance.now() - start);
      }
    }
    const slowest = median(times.get('ml-matrix')!);
    const shown = [...times].map(([name, of]) => {
      const ms = median(of);
      return `${name} ${ms.toFixed(0)} ms${name === 'ml-matrix' ? '' : ` (${(slowest / ms).toFixed(1)}x)`}`;
    });
    console.log(`${shape}: ${shown.join(', ')}`);
  }
}

void main();
