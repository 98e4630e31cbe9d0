import { existsSync, mkdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { EngineError } from '../engine/errors';
import { analyze } from '../engine/jobs/analyze';
import type { ModelSummary } from '../engine/jobs/types';
import { modelFiles, possibleFiles, weightLimit } from '../engine/onnx/model';
import { loadData, loadSpec, loadTraining, SpecError } from '../run-spec/load';
import type { CompressionSpec } from '../run-spec/spec';
import { analysisOf } from '../contract/techniques';
import { BadInput } from './exit-status';

/** Reads a spec and checks all that can be checked before anything is started; it leaves nothing behind. */
export async function preflight(file: string): Promise<CompressionSpec> {
  const spec = readSpec(file);
  const { train, evaluate, test } = spec.data;
  const summary = await inspectModel({
    model: spec.model,
    ...analysisOf(spec),
    data: [train, evaluate, test],
    metric: spec.metric,
    ignoreLabel: spec.fineTune.ignoreLabel,
  });
  if (!summary.parts.some(({ technique }) => spec.techniques.includes(technique)))
    throw new BadInput(
      [
        `model ${spec.model} has no layer that ${spec.techniques.join(' or ')} can compress`,
        ...summary.notes,
      ].join('; '),
    );
  const strangers = Object.keys({ ...spec.selection.ratios, ...spec.selection.channels }).filter(
    (name) => !summary.parts.some((part) => part.name === name && spec.techniques.includes(part.technique)),
  );
  if (strangers.length)
    throw new BadInput(
      `spec ${file}: selection names ${strangers.join(', ')}, which ${spec.techniques.join(' or ')} can not compress; \`slimflow inspect --json\` lists what can be (parts)`,
    );
  const problem = writable(spec.outDir);
  if (problem) throw new BadInput(`spec ${file}: outDir ${spec.outDir} can't be written to: ${problem}`);
  const lost = replacedBy(writtenTo(spec.outDir), spec.model);
  if (lost)
    throw new BadInput(
      `spec ${file}: outDir ${spec.outDir} is where ${lost} lies, which the result would replace: name another folder`,
    );
  const bytes = 4 * summary.params;
  const { epochs, perLayer } = spec.fineTune;
  if ((epochs > 0 || perLayer.epochs > 0) && bytes > weightLimit)
    throw new BadInput(
      `spec ${file}: model ${spec.model} has ${bytes} bytes of weights, and fine-tuning takes models below 2 GB: set ` +
        'fineTune.epochs to 0 and leave fineTune.perLayer out, or bring the model below that by `slimflow compress` first',
    );
  return spec;
}

/** The file of a model that writing others would replace */
const replacedBy = (written: readonly string[], model: string): string | undefined =>
  modelFiles(model).find((path) => written.includes(resolve(path)));

/** @throws BadInput where writing a model to `out` would replace weights that another, `model`, reads */
export function checkKept(model: string, out: string): void {
  if (resolve(model) === resolve(out)) return; // it is asked to be replaced, weights and all
  let lost: string | undefined;
  try {
    lost = replacedBy(possibleFiles(resolve(out)), model);
  } catch (error) {
    if (error instanceof EngineError) throw new BadInput(error.message, { cause: error });
    throw error;
  }
  if (lost)
    throw new BadInput(
      `--out ${out} would replace ${lost}, where weights of ${model} lie: name another file`,
    );
}

/** The files that a run may write its model to. */
export const writtenTo = (outDir: string): string[] => possibleFiles(resolve(outDir, 'model.onnx'));

/** The engine's analysis of a model, its errors being those of the input. @throws BadInput */
export async function inspectModel(input: Parameters<typeof analyze>[0]): Promise<ModelSummary> {
  try {
    return await analyze(input);
  } catch (error) {
    if (error instanceof EngineError) throw new BadInput(error.message, { cause: error });
    throw error;
  }
}

/** What keeps a folder from being written to; undefined where nothing does. Folders made for the trial are removed. */
export function writable(folder: string): string | undefined {
  const path = resolve(folder);
  const made: string[] = [];
  try {
    // One by one: asked to make parents too, Node never returns where there can be none, as under /proc.
    const missing: string[] = [];
    for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const at of missing) {
      mkdirSync(at);
      made.unshift(at);
    }
    const probe = join(path, `.slimflow-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    for (const at of made) rmdirSync(at);
  }
}

/** The data section of a spec, and its metric. @throws BadInput */
export const readData = (file: string): ReturnType<typeof loadData> => reading(() => loadData(file));

/** What of a spec training goes by. @throws BadInput */
export const readTraining = (file: string): ReturnType<typeof loadTraining> =>
  reading(() => loadTraining(file));

const readSpec = (file: string): CompressionSpec => reading(() => loadSpec(file));

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SpecError) throw new BadInput(error.message, { cause: error });
    throw error;
  }
}
