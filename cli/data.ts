import { dirname, resolve } from 'node:path';

import { computedMetric, isActivityMetric } from '../contract/metric';
import { type DataReport, inspectData } from '../engine/api/inspect-data';
import { Dataset } from '../engine/data/dataset';
import { type ShownSample, writeContactSheet } from '../engine/data/images/contact-sheet';
import { Random } from '../engine/data/random';
import { EngineError } from '../engine/errors';
import { visibleLines } from '../engine/visible';
import { dataReport } from '../report/data';
import { BadInput, exitStatus } from './exit-status';
import { onInterrupt } from './interrupt';
import { sayPacking } from './packing-progress';
import { readLook, writeProblem } from './preflight';

/** The options of `slimflow data` as commander gives them. */
export interface DataFlags {
  readonly model?: string;
  readonly samples: number;
  /** Path of a PNG. */
  readonly picture: string;
  readonly json?: boolean;
}

/** Samples that are shown. */
const shownSamples = 10;

/** `slimflow data`: shows samples and figures of a spec's data, and looks for mistakes. */
export async function data(file: string, flags: DataFlags): Promise<number> {
  const look = await readLook(file);
  const picture = resolve(flags.picture);
  const problem = writeProblem(dirname(picture));
  if (problem) throw new BadInput(`--picture ${flags.picture} is not writable: ${problem}`);
  if (!Object.keys(look.data).length) throw new BadInput(`spec ${file}: data has no split`);
  // An activity of the user's can't be asked without a server.
  const model = isActivityMetric(look.metric) ? undefined : (flags.model ?? look.model);
  const signal = onInterrupt();
  const say = (text: string) => flags.json || process.stderr.write(visibleLines(`${text}\n`));
  try {
    const report = await inspectData(
      {
        data: look.data,
        model,
        metric: model === undefined ? undefined : computedMetric(look.metric, model),
        inputSize: look.inputSize,
        samples: flags.samples,
      },
      { signal, onData: sayPacking(say) },
    );
    const drawn = await draw(report, picture);
    process.stdout.write(
      visibleLines(
        flags.json
          ? `${JSON.stringify({ ...report, picture: drawn && { ...drawn, file: picture } }, undefined, 2)}\n`
          : `${dataReport(report, drawn && { ...drawn, file: flags.picture })}\n`,
      ),
    );
    return exitStatus.done;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'Cancelled') return exitStatus.detached;
    throw new BadInput(error.message, { cause: error });
  }
}

/** Draws samples of the judged split, or of the first; undefined if they are not images. */
async function draw(
  { sources, metric }: DataReport,
  path: string,
): Promise<{ split: string; samples: readonly ShownSample[] } | undefined> {
  const split = metric?.split ?? (sources.evaluate ? 'evaluate' : Object.keys(sources)[0]);
  const set = Dataset.open(sources[split]);
  try {
    if (set.shape.length !== 3) return undefined;
    const rows = new Random(0).sample(set.length, Math.min(shownSamples, set.length)).sort();
    const single = set.labelled && !set.labelShape.length;
    const samples = Array.from(rows, (row): ShownSample => {
      const [label] = single ? set.slice(row, 1).labels : [];
      return { row, ...(label !== undefined && { label }) };
    });
    await writeContactSheet(set, samples, path);
    return { split, samples };
  } finally {
    set.close();
  }
}
