import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { computedMetric } from '../contract/metric';
import { EngineError } from '../engine/errors';
import { compressModel } from '../engine/api/compress-model';
import type { CompressOptions } from '../engine/api/compress-options';
import {
  type CostName,
  type ImportanceName,
  type InputSize,
  type Machinery,
  type Multiplicity,
  type ScoreName,
  type SelectionMode,
  type Technique,
} from '../engine/names';
import { modelFiles } from '../engine/onnx/model';
import { candidateRatios } from '../engine/ratios/candidate-ratios';
import { compressReport } from '../report/compression';
import { sha256OfFiles } from '../store/artifact-bundle';
import { sha256 } from '../store/digest';
import { BadInput, exitStatus } from './exit-status';
import { onInterrupt } from './interrupt';
import { sayPacking } from './packing-progress';
import { refuseReplacedWeights, readData, writeProblem } from './preflight';
import { visibleLines } from '../engine/visible';
import { keepScores, readScores } from './scores-file';

/** The options of `slimflow compress` as commander gives them. */
export interface CompressFlags {
  readonly technique: Technique;
  readonly out: string;
  readonly target?: number;
  readonly cost: CostName;
  readonly data?: string;
  readonly score?: ScoreName;
  readonly select: SelectionMode;
  readonly monotonic?: boolean;
  readonly layer?: Readonly<Record<string, number>>;
  readonly channels?: Readonly<Record<string, readonly number[]>>;
  readonly ignore?: readonly string[];
  readonly multiplicity: Multiplicity;
  readonly minimum: number;
  readonly importance: ImportanceName;
  readonly coupled: boolean;
  readonly inputSize?: InputSize;
  readonly candidates?: number;
  readonly samples?: number;
  readonly reconstructionSamples?: number;
  readonly reconstructionPatches?: number;
  /** True refits decomposed layers if there are data; pruned layers are always refitted. */
  readonly refit: boolean;
  /** Epochs of fine-tuning after each compressed layer. */
  readonly fineTuneEach?: number;
  readonly provider: Machinery['provider'];
  readonly linearAlgebra: Machinery['linearAlgebra'];
  /** A file of scores: read if it exists, written otherwise. */
  readonly scores?: string;
  readonly json?: boolean;
}

/** `slimflow compress`: compresses with one technique, without a server. */
export async function compress(model: string, flags: CompressFlags): Promise<number> {
  const out = resolve(flags.out);
  const problem = writeProblem(dirname(out));
  if (problem) throw new BadInput(`--out ${flags.out} is not writable: ${problem}`);
  const unwritable = flags.scores && writeProblem(dirname(resolve(flags.scores)));
  if (unwritable) throw new BadInput(`--scores ${flags.scores} is not writable: ${unwritable}`);
  if (statSync(out, { throwIfNoEntry: false })?.isDirectory())
    throw new BadInput(`--out ${flags.out} is a folder; give a file name, such as ${flags.out}/small.onnx`);
  refuseReplacedWeights(model, out);
  const signal = onInterrupt(flags.json ? () => undefined : undefined);
  const say = (text: string) => flags.json || process.stderr.write(visibleLines(`${text}\n`));
  try {
    const origin = flags.scores ? await originOf(model, flags) : '';
    const said = new Set<string>();
    const report = await compressModel(await optionsOf(model, out, flags, origin), {
      signal,
      onAnalyzed: ({ notes }) =>
        notes.forEach((note) => {
          say(`note: ${note}`);
          said.add(note);
        }),
      onData: sayPacking(say),
      onProgress: (stage, { done, total, note }) => say(`${stage} ${done}/${total} · ${note}`),
      onScores: (found) => keepScores(flags.scores, origin, found),
    });
    // In a terminal both are seen; a file that the output goes to has all notes.
    const seen = process.stdout.isTTY && process.stderr.isTTY ? said : undefined;
    process.stdout.write(
      visibleLines(
        `${flags.json ? JSON.stringify(report, undefined, 2) : compressReport(report, out, seen)}\n`,
      ),
    );
    // A model below its target is smaller than it had to be.
    const isOver = report.shortfall !== null && report.achieved > (report.target ?? 1);
    return isOver ? exitStatus.requirementNotMet : exitStatus.done;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'Cancelled') {
      say('Stopped; no model was written.');
      return exitStatus.detached;
    }
    throw new BadInput(error.message, { cause: error });
  }
}

async function optionsOf(
  model: string,
  out: string,
  flags: CompressFlags,
  origin: string,
): Promise<CompressOptions> {
  const {
    technique,
    target,
    cost,
    score,
    multiplicity,
    minimum,
    importance,
    coupled,
    inputSize: given,
    ignore = [],
  } = flags;
  const { inputSize, ...data } = await dataOf(model, flags);
  return {
    model,
    out,
    technique,
    target,
    score,
    method: { cost, multiplicity, minimum, importance, coupled, ignore, inputSize: given ?? inputSize },
    selection: {
      mode: flags.select,
      monotonic: flags.monotonic ?? false,
      ratios: flags.layer ?? {},
      channels: flags.channels ?? {},
    },
    ...data,
    samples: flags.samples,
    reconstruction: reconstructionOf(flags),
    candidates: flags.candidates === undefined ? undefined : candidateRatios(flags.candidates),
    machinery: { provider: flags.provider, linearAlgebra: flags.linearAlgebra },
    scores: flags.scores && existsSync(flags.scores) ? readScores(flags.scores, origin) : undefined,
  };
}

/** Returns the reconstruction settings that were given; the engine has defaults for the others. */
const reconstructionOf = ({ data, refit, reconstructionSamples, reconstructionPatches }: CompressFlags) => ({
  ...(reconstructionSamples !== undefined && { samples: reconstructionSamples }),
  ...(reconstructionPatches !== undefined && { patches: reconstructionPatches }),
  ...(data !== undefined && { svd: refit }),
});

/** Returns the data of a spec, and its fine-tuning settings if layers are to be fine-tuned. */
async function dataOf(
  model: string,
  { data: file, fineTuneEach: epochs }: CompressFlags,
): Promise<Pick<CompressOptions, 'data' | 'metric' | 'fineTuneEach'> & { inputSize?: InputSize }> {
  if (!file && epochs !== undefined)
    throw new BadInput(
      '--fine-tune-each needs labelled training data: add --data with a spec that has data.train.labels',
    );
  if (!file) return {};
  const { data, metric, fineTune, inputSize } = await readData(file);
  const { perLayer: _perLayer, ...settings } = fineTune;
  return {
    data,
    metric: computedMetric(metric, model),
    inputSize,
    fineTuneEach: epochs === undefined ? undefined : { ...settings, epochs },
  };
}

/** Returns a digest of what scores depend on: the model, and the options that they are computed with. */
async function originOf(model: string, flags: CompressFlags): Promise<string> {
  const {
    technique,
    cost,
    data,
    score,
    multiplicity,
    minimum,
    importance,
    coupled,
    inputSize,
    ignore = [],
  } = flags;
  const { candidates, samples } = flags;
  // Opening anything else than a file fails later, with a message.
  const isFile = statSync(model, { throwIfNoEntry: false })?.isFile();
  const digest = isFile ? await sha256OfFiles(modelFiles(model)) : '';
  const by = [technique, cost, data, score, ignore, multiplicity, minimum, importance, coupled, inputSize];
  const reconstruction = Object.entries(reconstructionOf(flags)).flat();
  return sha256(JSON.stringify([digest, ...by, candidates, samples, ...reconstruction]));
}
