/**
 * Times a training step with 1, 4 and 16 steps per call, in turns in one run:
 *
 *     npm run bench:calls -- [--threads 1] [--provider cuda] [model.onnx …]
 *
 * of the digits ResNet-20, with its BatchNorm folded and left in, if none is named. Prints time and CPU time per step
 * relative to one step per call, the median of the rounds, and the peak memory.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { root } from '../docs';
import { Peer } from './peer';
import { median, type Round } from './rounds';

const [batch, rounds, stepsPerRound] = [64, 12, 16];
const lengths = [1, 4, 16];

async function measure(path: string, threads: string, provider: string): Promise<void> {
  const script = join(__dirname, 'ours.js');
  const peers = lengths.map(
    (steps) => new Peer(process.execPath, [script, path, `${batch}`, threads, provider, `${steps}`]),
  );
  try {
    for (const peer of peers) await peer.ask(`${stepsPerRound}`);
    const told: Round[][] = [];
    for (let round = 0; round < rounds; round++) {
      const row: Round[] = [];
      for (const peer of peers) row.push(await peer.ask<Round>(`${stepsPerRound}`));
      told.push(row);
    }
    const ratio = (at: number, of: (round: Round) => number) =>
      median(told.map((row) => of(row[at]) / of(row[0]))).toFixed(3);
    const took = ({ times }: Round) => times.reduce((a, b) => a + b) / times.length;
    lengths.forEach((steps, at) => {
      const rows = told.map((row) => row[at]);
      console.log(
        `${path}, ${steps} a call: ${median(rows.map(({ cpu }) => cpu / stepsPerRound)).toFixed(1)} ms of CPU time a step, ` +
          `ratio ${ratio(at, ({ cpu }) => cpu)}; of time ${ratio(at, took)}; ` +
          `peak memory ${rows.at(-1)!.peak.toFixed(0)} MiB`,
      );
    });
  } finally {
    peers.forEach((peer) => peer.end());
  }
}

async function main(): Promise<void> {
  const { values, positionals: named } = parseArgs({
    allowPositionals: true,
    options: {
      threads: { type: 'string', default: '1' },
      provider: { type: 'string', default: 'cpu' },
    },
  });
  const digits = ['resnet20-digits.onnx', 'resnet20-digits.bn.onnx'];
  const models = named.length ? named : digits.map((name) => join(root, 'examples', 'digits', name));
  for (const path of models) await measure(path, values.threads, values.provider);
}

void main();
