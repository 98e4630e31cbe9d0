import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { z } from 'zod';

import { EngineError } from '../engine/errors';
import { compressModel, type CompressOptions } from '../engine/jobs/compress-model';
import {
  type CostName,
  type ImportanceName,
  type Machinery,
  type ScoreName,
  type SelectName,
  type Technique,
  techniques,
} from '../engine/jobs/method';
import type { LayerScores } from '../engine/jobs/types';
import { candidateRatios } from '../engine/ratios/candidates';
import { compressReport } from '../report/compress';
import { writeAtomically } from '../store/files';
import { BadInput, exit } from './exit';
import { readData, writable } from './preflight';

/** The options of `slimflow compress` as commander gives them. */
export interface CompressFlags {
  readonly technique: Technique;
  readonly out: string;
  readonly target?: number;
  readonly cost: CostName;
  readonly data?: string;
  readonly score?: ScoreName;
  readonly select: SelectName;
  readonly monotonic?: boolean;
  readonly layer: Readonly<Record<string, number>>;
  readonly channels: Readonly<Record<string, readonly number[]>>;
  readonly ignore: readonly string[];
  readonly multiplicity: number;
  readonly minimum: number;
  readonly importance: ImportanceName;
  readonly coupled: boolean;
  readonly inputSize?: readonly number[];
  readonly candidates?: number;
  readonly samples?: number;
  readonly provider: Machinery['provider'];
  readonly linearAlgebra: Machinery['linearAlgebra'];
  /** A file of eval scores: read where it is there, else written. */
  readonly scores?: string;
  readonly json?: boolean;
}

/** `slimflow compress`: one technique, without any server. */
export async function compress(model: string, flags: CompressFlags): Promise<number> {
  const out = resolve(flags.out);
  const problem = writable(dirname(out));
  if (problem) throw new BadInput(`--out ${flags.out} can't be written to: ${problem}`);
  const stop = new AbortController();
  const interrupt = () => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const say = (text: string) => flags.json || process.stderr.write(`${text}\n`);
  try {
    let scores: readonly LayerScores[] | undefined;
    const report = await compressModel(optionsOf(model, out, flags), {
      signal: stop.signal,
      onProgress: (stage, { done, total, note }) => say(`${stage} ${done}/${total} · ${note}`),
      onScores: (found) => (scores = found),
    });
    if (flags.scores && scores) await writeAtomically(flags.scores, JSON.stringify(scores));
    process.stdout.write(
      `${flags.json ? JSON.stringify(report, undefined, 2) : compressReport(report, out)}\n`,
    );
    return report.shortfall === null ? exit.done : exit.requirementNotMet;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'Cancelled') return exit.detached;
    throw new BadInput(error.message, { cause: error });
  }
}

function optionsOf(model: string, out: string, flags: CompressFlags): CompressOptions {
  const { technique, target, cost, score, multiplicity, minimum, importance, coupled, ignore, inputSize } =
    flags;
  return {
    model,
    out,
    technique,
    target,
    score,
    method: { cost, multiplicity, minimum, importance, coupled, ignore, inputSize },
    selection: {
      mode: flags.select,
      monotonic: flags.monotonic ?? false,
      ratios: flags.layer,
      channels: flags.channels,
    },
    ...(flags.data ? readData(flags.data) : {}),
    samples: flags.samples,
    candidates: flags.candidates === undefined ? undefined : candidateRatios(flags.candidates),
    machinery: { provider: flags.provider, linearAlgebra: flags.linearAlgebra },
    scores: flags.scores && existsSync(flags.scores) ? readScores(flags.scores) : undefined,
  };
}

function readScores(file: string): LayerScores[] {
  try {
    return z.array(Scores).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw new BadInput(
      `--scores ${file} holds no eval scores of \`slimflow compress\`; remove it to have them computed`,
      {
        cause: error,
      },
    );
  }
}

const Scores = z.object({
  layer: z.string(),
  technique: z.enum(techniques),
  scores: z.array(
    z.object({
      ratio: z.number(),
      units: z.number(),
      score: z.number(),
      error: z.number(),
    }),
  ),
}) satisfies z.ZodType<LayerScores>;
